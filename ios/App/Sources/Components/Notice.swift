// Notices, badges and the medallion of a result.

import SwiftUI

/// How a thing stands, as its colour tells; the symbol and the words tell it too.
enum Tone {
    case plain
    case good
    case warn
    case bad

    var ink: Color {
        switch self {
        case .plain: Palette.muted
        case .good: Palette.good
        case .warn: Palette.warn
        case .bad: Palette.bad
        }
    }

    var ground: Color {
        switch self {
        case .plain: Palette.sunken
        case .good: Palette.goodSoft
        case .warn: Palette.warnSoft
        case .bad: Palette.badSoft
        }
    }

    var symbol: String {
        switch self {
        case .plain: "info.circle"
        case .good: "checkmark.circle"
        case .warn: "exclamationmark.triangle"
        case .bad: "exclamationmark.octagon"
        }
    }
}

/// A sentence that must not be missed.
struct Notice<Extra: View>: View {
    private let tone: Tone
    private let texts: [String]
    private let extra: Extra

    init(_ tone: Tone, _ texts: [String], @ViewBuilder extra: () -> Extra) {
        self.tone = tone
        self.texts = texts
        self.extra = extra()
    }

    var body: some View {
        VStack(alignment: .leading, spacing: Metrics.small) {
            HStack(alignment: .firstTextBaseline, spacing: 12) {
                Image(systemName: tone.symbol)
                    .foregroundStyle(tone.ink)
                    .accessibilityHidden(true)
                VStack(alignment: .leading, spacing: 4) {
                    ForEach(texts, id: \.self) { text in
                        Text(text).fixedSize(horizontal: false, vertical: true)
                    }
                }
            }
            .accessibilityElement(children: .combine)
            extra
        }
        .font(.subheadline)
        .padding(.horizontal, 16)
        .padding(.vertical, 14)
        .frame(maxWidth: .infinity, alignment: .leading)
        .background(tone.ground, in: .rect(cornerRadius: Metrics.corner))
        .foregroundStyle(Palette.text)
    }
}

extension Notice where Extra == EmptyView {
    init(_ tone: Tone, _ text: String) {
        self.init(tone, [text], extra: { EmptyView() })
    }

    init(_ tone: Tone, _ texts: [String]) {
        self.init(tone, texts, extra: { EmptyView() })
    }
}

/// What went wrong, where something did: shown until the user does something, and said aloud.
struct ErrorNotice: View {
    let text: String?

    init(_ text: String?) {
        self.text = text
    }

    var body: some View {
        Group {
            if let text { Notice(.bad, text) }
        }
        .announcing(text)
    }
}

/// The large symbol over a result.
struct Medallion: View {
    let tone: Tone
    let symbol: String

    @ScaledMetric(relativeTo: .title) private var size: CGFloat = 72

    var body: some View {
        Image(systemName: symbol)
            .font(.title)
            .foregroundStyle(tone.ink)
            .frame(width: size, height: size)
            .background(tone.ground, in: .circle)
            .accessibilityHidden(true)
    }
}

/// That something is under way, in words, and said aloud.
struct Working: View {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    var body: some View {
        HStack(spacing: 12) {
            ProgressView().tint(Palette.accentText)
            Text(text)
                .font(.subheadline)
                .foregroundStyle(Palette.muted)
                .fixedSize(horizontal: false, vertical: true)
        }
        .accessibilityElement(children: .combine)
        .announcing(text)
    }
}
