// One challenge: who asks and from where, the number, the seconds that are left, and how it ended.
package nod.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import nod.logic.ChallengeEnd
import nod.logic.Pending
import nod.logic.PhoneError
import nod.logic.challenge.ChallengeEvent
import nod.logic.challenge.ChallengeState
import nod.logic.challenge.Decision
import nod.logic.challenge.Phase
import nod.logic.words.Plural
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Busy
import nod.ui.components.DigitsField
import nod.ui.components.Fact
import nod.ui.components.Facts
import nod.ui.components.Heading
import nod.ui.components.MainButton
import nod.ui.components.NodCard
import nod.ui.components.Notice
import nod.ui.components.OtherButton
import nod.ui.components.Outcome
import nod.ui.components.Page
import nod.ui.components.QuietButton
import nod.ui.components.Ring
import nod.ui.components.TextAnd
import nod.ui.components.Tone
import nod.ui.components.Trouble
import nod.ui.theme.Gap
import nod.ui.theme.Nod
import nod.ui.theme.Signs

@Composable
fun ChallengeScreen(state: ChallengeState, words: Words, on: (ChallengeEvent) -> Unit) {
    when (val phase = state.phase) {
        is Phase.Ended -> EndedPage(state, phase.end, words, on)
        Phase.Asking, is Phase.Sending -> AskingPage(state, words, on)
    }
}

@Composable
private fun AskingPage(state: ChallengeState, words: Words, on: (ChallengeEvent) -> Unit) {
    Page(
        words[Word.CHALLENGE_TITLE],
        bar = false,
        gap = 14.dp,
        foot = {
            when (val phase = state.phase) {
                is Phase.Sending -> Busy(sending(phase.decision, state.pending, words), Modifier.padding(bottom = Gap.xl))
                else -> Answers(state, words, on)
            }
        },
    ) {
        val pending = state.pending
        TextAnd(
            Modifier.fillMaxWidth().padding(top = Gap.s),
            gap = Gap.m,
            text = { ServiceHead(words, pending.serviceName, pending.serviceDomain, words.text(Word.CHALLENGE_ACCOUNT, "label" to pending.label)) },
            beside = {
                Box {
                    Ring(state.left, state.ring, words.count(Plural.CHALLENGE_LEFT, state.left), size = 64.dp)
                    SoonSpoken(state, words)
                }
            },
        )
        Heading(words[Word.CHALLENGE_HEADING], style = Nod.type.headlineSmall)
        state.otherSite?.let {
            Notice(words.text(Word.CHALLENGE_OTHER_SITE, "site" to it, "domain" to state.pending.serviceDomain.orEmpty()), Tone.Warn)
        }
        val facts = facts(state, words)
        if (facts.isNotEmpty()) Facts(facts)
        Trouble(state.error?.let { trouble(it, words) })
        if (state.others > 0) {
            Text(
                words.count(Plural.CHALLENGE_MORE, state.others),
                Modifier.fillMaxWidth(),
                color = Nod.colours.muted,
                style = Nod.type.bodySmall,
                textAlign = TextAlign.Center,
            )
        }
    }
}

/** Says once that time runs out. There is nothing to see, but a screen reader passes over what has no size at all. */
@Composable
private fun SoonSpoken(state: ChallengeState, words: Words) {
    val text = words[Word.CHALLENGE_SOON]
    Box(
        Modifier.size(1.dp).semantics {
            liveRegion = LiveRegionMode.Assertive
            if (state.soon) contentDescription = text
        },
    )
}

private fun facts(state: ChallengeState, words: Words): List<Fact> = with(state.pending.context) {
    listOfNotNull(
        application?.let { Fact(Signs.app, words[Word.CHALLENGE_APPLICATION], it) },
        domain?.let { Fact(Signs.globe, words[Word.CHALLENGE_SITE], it, grave = state.otherSite != null) },
        place?.let { Fact(Signs.place, words[Word.CHALLENGE_PLACE], it) },
        address?.let { Fact(Signs.address, words[Word.CHALLENGE_ADDRESS], it) },
        device?.let { Fact(Signs.screen, words[Word.CHALLENGE_DEVICE], it) },
        detail?.let { Fact(Signs.note, words[Word.CHALLENGE_DETAIL], it) },
    )
}

private fun trouble(error: PhoneError, words: Words) = when (error) {
    PhoneError.UserNotVerified -> words[Word.CHALLENGE_UNVERIFIED]
    PhoneError.KeyUnusable -> words[Word.CHALLENGE_KEY_UNUSABLE]
    else -> words.error(error)
}

private fun sending(decision: Decision, pending: Pending, words: Words) = when (decision) {
    Decision.Approve -> words[Word.CHALLENGE_SENDING_APPROVE]
    Decision.Deny -> words[Word.CHALLENGE_SENDING_DENY]
    Decision.Report -> words.text(Word.CHALLENGE_SENDING_REPORT, "service" to pending.serviceName)
}

@Composable
private fun Answers(state: ChallengeState, words: Words, on: (ChallengeEvent) -> Unit) {
    val digits = state.pending.digits
    if (digits > 0 && state.error != PhoneError.KeyUnusable) {
        val hint = if (digits == 6) Word.CHALLENGE_NUMBER_SIX else Word.CHALLENGE_NUMBER_TWO
        DigitsField(words[hint], null, state.typed, digits, { on(ChallengeEvent.DigitsTyped(it)) })
    }
    MainButton(words[Word.CHALLENGE_APPROVE], Signs.check, enabled = state.canApprove) { on(ChallengeEvent.ApprovePressed) }
    OtherButton(words[Word.CHALLENGE_DENY], Signs.cross, enabled = state.canAnswer) { on(ChallengeEvent.DenyPressed) }
    QuietButton(words[Word.CHALLENGE_REPORT], Signs.flag, enabled = state.canAnswer, danger = true) { on(ChallengeEvent.ReportPressed) }
}

@Composable
private fun EndedPage(state: ChallengeState, end: ChallengeEnd, words: Words, on: (ChallengeEvent) -> Unit) {
    val pending = state.pending
    val look = words.end(end, pending.serviceName)
    Page(
        look.heading,
        bar = false,
        foot = {
            if (state.others > 0) {
                Text(
                    words.count(Plural.CHALLENGE_MORE, state.others),
                    Modifier.fillMaxWidth(),
                    color = Nod.colours.muted,
                    style = Nod.type.bodyMedium,
                    textAlign = TextAlign.Center,
                )
            }
            MainButton(words[if (state.others > 0) Word.CHALLENGE_NEXT else Word.DONE]) { on(ChallengeEvent.DonePressed) }
        },
    ) {
        Column(Modifier.padding(top = Gap.xxl), verticalArrangement = Arrangement.spacedBy(Gap.l)) {
            Outcome(look.sign, look.tone, look.heading, look.text)
            NodCard { ServiceHead(words, pending.serviceName, pending.serviceDomain, pending.label, Modifier.padding(Gap.l)) }
        }
    }
}
