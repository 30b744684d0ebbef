// What both sides of a move show: progress, account by account, and how it ended.

import NodKit
import SwiftUI

extension Move {
    /// How many accounts have moved.
    var moved: Int { accounts.count { $0.state == .moved } }
}

/// The accounts of a move, each by itself, and the one-time codes.
struct MoveProgress: View {
    let move: Move

    @Environment(\.words) private var words

    var body: some View {
        VStack(alignment: .leading, spacing: Metrics.gap) {
            if !move.accounts.isEmpty {
                let said = words.count(.moveMovingCount, move.accounts.count, ["moved": move.moved])
                VStack(alignment: .leading, spacing: Metrics.small) {
                    Text(said).font(.headline)
                    ProgressView(value: Double(move.moved), total: Double(move.accounts.count))
                        .tint(Palette.accent)
                        .accessibilityHidden(true)
                }
                .announcing(said)
                Rows(move.accounts) { MovingRow(account: $0, side: move.side) }
            }
            if move.codes > 0 { codes }
        }
    }

    private var codes: some View {
        DetailRow(
            words.count(.moveCodes, move.codes),
            words.text(
                move.codesArrived
                    ? (move.side == .old ? .moveCodesArrivedOld : .moveCodesArrivedNew) : .moveCodesUnderWay),
            symbol: "number"
        )
        .card()
    }
}

private struct MovingRow: View {
    let account: MovingAccount
    let side: MoveSide

    @Environment(\.words) private var words

    var body: some View {
        HStack(alignment: .firstTextBaseline, spacing: 12) {
            Image(systemName: symbol).foregroundStyle(tone.ink).accessibilityHidden(true)
            VStack(alignment: .leading, spacing: 2) {
                Text(isolated(account.serviceName)).font(.body.weight(.semibold))
                Muted(isolated(account.label))
                Text(words.text(state, ["service": account.serviceName]))
                    .font(.subheadline)
                    .foregroundStyle(tone.ink)
                    .fixedSize(horizontal: false, vertical: true)
            }
            .frame(maxWidth: .infinity, alignment: .leading)
        }
        .padding(.horizontal, 16)
        .padding(.vertical, 12)
        .accessibilityElement(children: .combine)
    }

    private var state: Word {
        let old = side == .old
        return switch account.state {
        case .announced: old ? .moveStateAnnouncedOld : .moveStateAnnouncedNew
        case .authorised: old ? .moveStateAuthorisedOld : .moveStateAuthorisedNew
        case .moved: old ? .moveStateMovedOld : .moveStateMovedNew
        case .refused: .moveStateRefused
        case .impossible: old ? .moveStateImpossibleOld : .moveStateImpossibleNew
        }
    }

    private var tone: Tone {
        switch account.state {
        case .announced, .authorised: .plain
        case .moved: .good
        case .refused, .impossible: .warn
        }
    }

    private var symbol: String {
        switch account.state {
        case .announced, .authorised: "ellipsis.circle"
        case .moved: "checkmark.circle"
        case .refused, .impossible: "exclamationmark.triangle"
        }
    }
}

/// A move while accounts move. Leaving the screen ends nothing; stopping does.
struct MovingView: View {
    let move: Move?
    let heading: Word
    /// Why it stopped at an account.
    let error: PhoneError?
    let onAgain: @MainActor () -> Void
    let onClose: @MainActor () -> Void
    let onStop: @MainActor () -> Void

    @Environment(\.words) private var words

    var body: some View {
        Page {
            if let move {
                Heading(words.text(heading, ["phone": move.otherPhone ?? words.text(.moveAnother)]))
                MoveProgress(move: move)
            } else {
                Working(words.text(.loading))
            }
            ErrorNotice(error.map { words.text(of: $0) })
            Muted(words.text(.moveMovingStay))
        } actions: {
            if error != nil {
                Button(words.text(.tryAgain), action: onAgain).buttonStyle(.nod(.primary))
            }
            Button(words.text(.close), action: onClose).buttonStyle(.nod(.secondary))
            Button(words.text(.moveMovingStop), action: onStop).buttonStyle(.nod(.quietBad))
        }
    }
}

/// A move that is over.
struct MoveEndedView<Extra: View, Actions: View>: View {
    let move: Move
    let extra: Extra
    let actions: Actions

    @Environment(\.words) private var words

    init(move: Move, @ViewBuilder extra: () -> Extra, @ViewBuilder actions: () -> Actions) {
        self.move = move
        self.extra = extra()
        self.actions = actions()
    }

    var body: some View {
        Page {
            Medallion(tone: moved ? .good : .warn, symbol: moved ? "checkmark" : "exclamationmark")
                .frame(maxWidth: .infinity)
            Heading(heading)
            if moved, !move.accounts.isEmpty {
                Text(words.text(move.side == .old ? .moveEndedTextOld : .moveEndedTextNew, ["phone": phone]))
                    .fixedSize(horizontal: false, vertical: true)
            }
            if !move.accounts.isEmpty || move.codes > 0 { MoveProgress(move: move) }
            if move.moved < move.accounts.count { Muted(words.text(.moveEndedRest)) }
            extra
        } actions: {
            actions
        }
        .announcing(heading)
    }

    private var phone: String { move.otherPhone ?? words.text(.moveAnother) }

    /// Whether everything has moved, or what there was of it.
    private var moved: Bool {
        move.moved == move.accounts.count && (move.moved > 0 || move.codesArrived)
    }

    private var heading: String {
        if moved { return words.text(move.side == .old ? .moveEndedOld : .moveEndedNew, ["phone": phone]) }
        if move.moved == 0, !move.codesArrived { return words.text(.moveEndedNone) }
        return words.text(.moveEndedPart, ["moved": move.moved, "count": move.accounts.count])
    }
}

/// A move that came to nothing.
struct MoveFailedView: View {
    let text: String
    let again: String
    let onAgain: @MainActor () -> Void
    let onClose: @MainActor () -> Void

    @Environment(\.words) private var words

    var body: some View {
        Page {
            Medallion(tone: .bad, symbol: "xmark").frame(maxWidth: .infinity)
            Heading(words.text(.moveFailedHeading))
            ErrorNotice(text)
        } actions: {
            Button(again, action: onAgain).buttonStyle(.nod(.primary))
            Button(words.text(.close), action: onClose).buttonStyle(.nod(.secondary))
        }
    }
}
