// Accounts and one-time codes, and what keeps requests from reaching this phone.
package nod.ui

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.ExtendedFloatingActionButton
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import nod.logic.Account
import nod.logic.OfflineReason
import nod.logic.home.HomeEvent
import nod.logic.home.HomeMessage
import nod.logic.home.HomeState
import nod.logic.home.OfflineRelay
import nod.logic.home.ShownCode
import nod.logic.secondsLeft
import nod.logic.words.Plural
import nod.logic.words.Word
import nod.logic.words.Words
import nod.ui.components.Busy
import nod.ui.components.CardOf
import nod.ui.components.CardRow
import nod.ui.components.CodeDigits
import nod.ui.components.Empty
import nod.ui.components.Initial
import nod.ui.components.NameAnd
import nod.ui.components.Notice
import nod.ui.components.Onwards
import nod.ui.components.Page
import nod.ui.components.QuietButton
import nod.ui.components.Ring
import nod.ui.components.Section
import nod.ui.components.SignButton
import nod.ui.components.TextAnd
import nod.ui.components.Tone
import nod.ui.components.Trouble
import nod.ui.components.largeText
import nod.ui.components.spoken
import nod.ui.theme.Gap
import nod.ui.theme.LineSign
import nod.ui.theme.Nod
import nod.ui.theme.Sign
import nod.ui.theme.Signs

@Composable
fun HomeScreen(state: HomeState, words: Words, on: (HomeEvent) -> Unit) {
    Page(
        words[Word.HOME_TITLE],
        gap = Gap.m,
        tools = {
            SignButton(Signs.clock, words[Word.HOME_HISTORY]) { on(HomeEvent.HistoryPressed) }
            SignButton(Signs.settings, words[Word.HOME_SETTINGS]) { on(HomeEvent.SettingsPressed) }
        },
        floating = {
            state.message?.let { Message(it, words) }
            AddButton(words) { on(HomeEvent.AddPressed) }
        },
    ) {
        if (state.loading) {
            Busy(words[Word.LOADING])
        } else {
            Standing(state, words, on)
            Accounts(state.accounts, words, on)
            Codes(state, words, on)
            if (state.accounts.isNotEmpty() || state.codes.isNotEmpty()) {
                QuietButton(words[Word.SETTINGS_MOVE], Signs.handover) { on(HomeEvent.MovePressed) }
            }
        }
    }
}

/** What waits, and what is wrong; where nothing is, that requests come by themselves. */
@Composable
private fun ColumnScope.Standing(state: HomeState, words: Words, on: (HomeEvent) -> Unit) {
    Trouble(state.error?.let(words::error))
    if (state.pending > 0) Notice(words.count(Plural.HOME_PENDING, state.pending), Tone.Accent, sign = Signs.bell)
    for (relay in state.offline) {
        when (relay.reason) {
            OfflineReason.Untrusted -> Notice(words.text(Word.HOME_UNTRUSTED, "relay" to relay.relay), Tone.Bad)
            OfflineReason.Replaced -> Notice(words.text(Word.HOME_REPLACED, "relay" to relay.relay), Tone.Warn)
            else -> {}
        }
    }
    val unreachable = state.offline.filter { it.reason != OfflineReason.Untrusted && it.reason != OfflineReason.Replaced }
    if (unreachable.isNotEmpty()) Offline(unreachable, state.now, words)
    if (state.notificationsOff) {
        Notice(words[Word.HOME_NOTIFICATIONS], Tone.Warn, sign = Signs.bell, spoken = false) {
            QuietButton(words[Word.HOME_NOTIFICATIONS_ALLOW], modifier = Modifier.padding(start = if (largeText) 0.dp else 30.dp)) { on(HomeEvent.NotificationsPressed) }
        }
    }
    if (state.accounts.isNotEmpty() && state.pending == 0 && state.offline.isEmpty()) {
        Row(
            Modifier.semantics(mergeDescendants = true) {}.padding(horizontal = Gap.xs),
            horizontalArrangement = Arrangement.spacedBy(Gap.s),
        ) {
            LineSign(Signs.check, Nod.type.bodyMedium, Nod.colours.good)
            Text(words[Word.HOME_QUIET], color = Nod.colours.muted, style = Nod.type.bodyMedium)
        }
    }
}

@Composable
private fun Offline(relays: List<OfflineRelay>, now: Double, words: Words) {
    val next = relays.mapNotNull { it.retryAt }.minOrNull()
    Notice(words[Word.HOME_OFFLINE], Tone.Warn, sign = Signs.offline) {
        if (next != null) {
            Text(
                words.text(Word.HOME_OFFLINE_RETRY, "seconds" to secondsLeft(next, now)),
                Modifier.padding(start = if (largeText) 14.dp else 46.dp, end = 14.dp, bottom = Gap.m),
                color = Nod.colours.text,
                style = Nod.type.bodySmall,
            )
        }
    }
}

@Composable
private fun Accounts(accounts: List<Account>, words: Words, on: (HomeEvent) -> Unit) {
    Section(words[Word.HOME_ACCOUNTS])
    if (accounts.isEmpty()) {
        Empty(Signs.key, words[Word.HOME_EMPTY_ACCOUNTS])
        return
    }
    CardOf(accounts) { account ->
        CardRow(
            account.serviceName,
            listOfNotNull(account.domain),
            beside = account.label,
            front = { Initial(account.serviceName) },
            end = { Onwards() },
            onClick = { on(HomeEvent.AccountPressed(account.id)) },
            under = account.asksToVerifyItself?.let { { Asks(account, words) } },
        )
    }
}

@Composable
private fun Asks(account: Account, words: Words) {
    Row(Modifier.padding(top = 2.dp), horizontalArrangement = Arrangement.spacedBy(6.dp)) {
        LineSign(Signs.info, Nod.type.bodySmall, Nod.colours.warn, size = 18.dp)
        Text(words.text(Word.HOME_ASKS, "service" to account.serviceName), color = Nod.colours.warn, style = Nod.type.bodySmall)
    }
}

@Composable
private fun Codes(state: HomeState, words: Words, on: (HomeEvent) -> Unit) {
    Section(words[Word.HOME_CODES])
    if (state.codes.isEmpty()) {
        Empty(Signs.keypad, words[Word.HOME_EMPTY_CODES])
        return
    }
    CardOf(state.codes) { CodeRow(it, state.now, words, on) }
}

@Composable
private fun CodeRow(code: ShownCode, now: Double, words: Words, on: (HomeEvent) -> Unit) {
    val name = listOf(code.issuer, code.account).filter { it.isNotEmpty() }.joinToString(", ")
    TextAnd(
        Modifier.fillMaxWidth().padding(end = Gap.xs),
        gap = Gap.xs,
        text = { CodeText(code, name, words, on) },
        beside = {
            Row(Modifier.padding(start = Gap.l, top = Gap.xs, bottom = Gap.s), verticalAlignment = Alignment.CenterVertically) {
                val left = code.left(now)
                val ring = code.ring(now)
                if (left != null && ring != null) Ring(left, ring, words.count(Plural.HOME_CODE_LEFT, left), size = 40.dp, soonAt = 5)
                if (code.period == null) {
                    SignButton(Signs.again, words.text(Word.HOME_CODE_NEXT, "name" to name), tint = Nod.colours.accent) { on(HomeEvent.NextCodePressed(code.id)) }
                }
                SignButton(Signs.more, words.text(Word.HOME_CODE_MORE, "name" to name), tint = Nod.colours.muted) { on(HomeEvent.CodeMorePressed(code.id)) }
            }
        },
    )
}

@Composable
private fun CodeText(code: ShownCode, name: String, words: Words, on: (HomeEvent) -> Unit) {
    val shown = code.code
    val press = if (shown == null) {
        Modifier.semantics(mergeDescendants = true) {}
    } else {
        val label = words.text(Word.HOME_CODE_SPOKEN, "name" to name, "code" to spoken(shown))
        Modifier
            .clickable(onClickLabel = words.text(Word.HOME_CODE_COPY, "name" to name), role = Role.Button) { on(HomeEvent.CodePressed(code.id)) }
            .semantics { contentDescription = label }
    }
    Column(press.heightIn(min = 64.dp).fillMaxWidth().padding(start = Gap.l, top = Gap.m, bottom = Gap.m), verticalArrangement = Arrangement.Center) {
        NameAnd(code.issuer, code.account)
        if (shown != null) CodeDigits(shown) else CodeDigits("•".repeat(code.digits), colour = Nod.colours.muted)
        if (code.period == null) Text(words[Word.HOME_CODE_ONCE], color = Nod.colours.muted, style = Nod.type.bodySmall)
    }
}

@Composable
private fun AddButton(words: Words, press: () -> Unit) {
    val label = words[Word.HOME_ADD_LABEL]
    ExtendedFloatingActionButton(
        onClick = press,
        modifier = Modifier.semantics { contentDescription = label },
        shape = MaterialTheme.shapes.large,
        containerColor = Nod.colours.accent,
        contentColor = Nod.colours.onAccent,
    ) {
        Sign(Signs.plus, Modifier.padding(end = Gap.s), size = 22.dp)
        Text(words[Word.HOME_ADD], style = Nod.type.labelLarge)
    }
}

/** What has just been done, for a moment. */
@Composable
private fun Message(message: HomeMessage, words: Words) {
    val text = when (message) {
        HomeMessage.Copied -> words[Word.HOME_CODE_COPIED]
    }
    Surface(
        Modifier.fillMaxWidth().semantics(mergeDescendants = true) { liveRegion = LiveRegionMode.Polite },
        shape = MaterialTheme.shapes.medium,
        color = Nod.colours.text,
        contentColor = Nod.colours.page,
        shadowElevation = 6.dp,
    ) {
        Row(
            Modifier.padding(horizontal = Gap.l, vertical = 14.dp),
            horizontalArrangement = Arrangement.spacedBy(Gap.m),
        ) {
            LineSign(Signs.copy, Nod.type.bodyMedium)
            Text(text, style = Nod.type.bodyMedium)
        }
    }
}
