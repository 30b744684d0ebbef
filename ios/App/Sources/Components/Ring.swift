// The ring that empties with the time that is left, and its seconds.

import SwiftUI

struct Ring: View {
    /// The part that is left, from 1 to 0.
    let left: Double
    /// Whole seconds that are left.
    let seconds: Int
    /// Whether little is left.
    let soon: Bool
    /// How it is read out.
    let spoken: String

    @ScaledMetric(relativeTo: .body) private var size: CGFloat = 56
    @Environment(\.accessibilityReduceMotion) private var reduceMotion

    init(left: Double, seconds: Int, soon: Bool, spoken: String) {
        self.left = left
        self.seconds = seconds
        self.soon = soon
        self.spoken = spoken
    }

    var body: some View {
        ZStack {
            Circle().stroke(Palette.line, lineWidth: Self.width)
            Circle()
                .trim(from: 0, to: max(0, min(1, left)))
                .stroke(colour, style: StrokeStyle(lineWidth: Self.width, lineCap: .round))
                .rotationEffect(.degrees(-90))
                .animation(reduceMotion ? nil : .linear(duration: 0.25), value: left)
            Text(String(seconds))
                .font(.subheadline.weight(.semibold))
                .monospacedDigit()
                .foregroundStyle(soon ? Palette.bad : Palette.text)
                .minimumScaleFactor(0.6)
                .lineLimit(1)
                .padding(.horizontal, 6)
        }
        .frame(width: size, height: size)
        .accessibilityElement(children: .ignore)
        .accessibilityLabel(spoken)
        .accessibilityAddTraits(.updatesFrequently)
    }

    private var colour: Color {
        soon ? Palette.bad : Palette.accentText
    }

    private static let width: CGFloat = 4
}
