// A one-time code of the list: its digits and its ring, or the button for the next one.

import NodKit
import SwiftUI

struct CodeRow: View {
    let code: HomeCode
    let now: Double
    let send: Tell<HomeEvent>

    @Environment(\.words) private var words
    @Environment(\.dynamicTypeSize) private var typeSize

    var body: some View {
        let layout =
            typeSize.isAccessibilitySize
            ? AnyLayout(VStackLayout(alignment: .leading, spacing: 10)) : AnyLayout(HStackLayout(spacing: 10))
        layout {
            digits
            HStack(spacing: 10) {
                if code.isCounted { next } else { ring }
                more
            }
        }
        .padding(.horizontal, 16)
        .padding(.vertical, 12)
    }

    private var digits: some View {
        Button {
            send(.codePressed(id: code.id))
        } label: {
            VStack(alignment: .leading, spacing: 2) {
                Text(isolated(name)).font(.body.weight(.semibold))
                if let shown = code.shown {
                    Text(grouped(shown))
                        .font(.system(.title, design: .rounded, weight: .semibold))
                        .monospacedDigit()
                        .minimumScaleFactor(0.5)
                        .lineLimit(1)
                        .foregroundStyle(Palette.accentText)
                        .hiddenFromRecordings()
                } else {
                    Text(verbatim: "••• •••").font(.title).foregroundStyle(Palette.muted)
                }
                if code.isCounted, code.shown != nil { Muted(words.text(.homeCodeOnce)) }
            }
            .multilineTextAlignment(.leading)
            .frame(maxWidth: .infinity, alignment: .leading)
            .contentShape(.rect)
        }
        .buttonStyle(.plain)
        .disabled(code.shown == nil && !code.isCounted)
        .accessibilityLabel(spoken)
        .accessibilityHint(words.text(code.shown == nil ? .homeCodeNext : .homeCodeCopy, ["name": name]))
    }

    private var ring: some View {
        Ring(left: left, seconds: seconds, soon: seconds <= 5, spoken: words.count(.homeCodeLeft, seconds))
    }

    private var next: some View {
        Button {
            send(.nextCodePressed(id: code.id))
        } label: {
            Image(systemName: "arrow.clockwise")
                .foregroundStyle(Palette.accentText)
                .frame(minWidth: Metrics.press, minHeight: Metrics.press)
                .contentShape(.rect)
        }
        .buttonStyle(.borderless)
        .accessibilityLabel(words.text(.homeCodeNext, ["name": name]))
    }

    private var more: some View {
        Button {
            send(.codeMorePressed(id: code.id))
        } label: {
            Image(systemName: "ellipsis")
                .foregroundStyle(Palette.muted)
                .frame(minWidth: Metrics.press, minHeight: Metrics.press)
                .contentShape(.rect)
        }
        .buttonStyle(.borderless)
        .accessibilityLabel(words.text(.homeCodeMore, ["name": name]))
    }

    private var name: String {
        [code.issuer, code.account].filter { !$0.isEmpty }.joined(separator: " · ")
    }

    private var spoken: String {
        guard let shown = code.shown else { return isolated(name) }
        return words.text(.homeCodeSpoken, ["name": name, "code": spelt(shown)])
    }

    private var seconds: Int {
        max(0, Int(((code.deadline ?? now) - now).rounded(.up)))
    }

    private var left: Double {
        guard let deadline = code.deadline, let period = code.period, period > 0 else { return 0 }
        return (deadline - now) / period
    }
}
