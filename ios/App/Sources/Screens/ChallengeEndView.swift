// How a challenge ended, in words and a symbol; the history shows the same.

import NodKit
import SwiftUI

/// What is shown of an end.
struct EndLook {
    let heading: Word
    let text: Word
    let tone: Tone
    let symbol: String

    init(_ end: ChallengeEnd) {
        switch end {
        case .answered(let outcome): self.init(outcome)
        case .approvedUnconfirmed, .deniedUnconfirmed, .reportedUnconfirmed:
            self.init(.endedUnconfirmed, .endedUnconfirmedText, .warn, "questionmark")
        case .superseded: self.init(.endedSuperseded, .endedSupersededText, .plain, "arrow.triangle.2.circlepath")
        case .cancelled: self.init(.endedCancelled, .endedCancelledText, .plain, "slash.circle")
        case .answeredElsewhere: self.init(.endedElsewhere, .endedElsewhereText, .plain, "iphone")
        case .expired: self.init(.endedExpired, .endedExpiredText, .warn, "clock")
        }
    }

    private init(_ outcome: AnswerOutcome) {
        switch outcome {
        case .approved: self.init(.endedApproved, .endedApprovedText, .good, "checkmark")
        case .denied: self.init(.endedDenied, .endedDeniedText, .plain, "xmark")
        case .reported: self.init(.endedReported, .endedReportedText, .bad, "flag")
        case .wrongNumber: self.init(.endedWrongNumber, .endedWrongNumberText, .bad, "number")
        case .expired: self.init(.endedExpired, .endedExpiredText, .warn, "clock")
        case .superseded: self.init(.endedSuperseded, .endedSupersededText, .plain, "arrow.triangle.2.circlepath")
        case .conflict: self.init(.endedElsewhere, .endedElsewhereText, .plain, "iphone")
        case .refused: self.init(.endedRefused, .endedRefusedText, .bad, "nosign")
        }
    }

    private init(_ heading: Word, _ text: Word, _ tone: Tone, _ symbol: String) {
        self.heading = heading
        self.text = text
        self.tone = tone
        self.symbol = symbol
    }
}

struct ChallengeEndView: View {
    let end: ChallengeEnd
    let pending: Pending
    let others: Int
    let done: @MainActor () -> Void

    @Environment(\.words) private var words

    var body: some View {
        let look = EndLook(end)
        let heading = words.text(look.heading)
        let text = words.text(look.text, ["service": pending.serviceName])
        Page {
            VStack(spacing: 16) {
                Medallion(tone: look.tone, symbol: look.symbol)
                Heading(heading)
                Text(text)
                    .foregroundStyle(Palette.muted)
                    .fixedSize(horizontal: false, vertical: true)
            }
            .multilineTextAlignment(.center)
            .frame(maxWidth: .infinity)
            .padding(.top, 40)
            if others > 0 { Notice(.plain, words.count(.challengeMore, others)) }
        } actions: {
            Button(words.text(others > 0 ? .challengeNext : .done), action: done).buttonStyle(.nod(.primary))
        }
        .announcing("\(heading). \(text)")
    }
}
