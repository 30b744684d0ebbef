// The buttons of Nod.

import SwiftUI

/// How much a button asks to be pressed.
struct NodButtonStyle: ButtonStyle {
    enum Kind {
        case primary
        case secondary
        case danger
        case quiet
        case quietBad
    }

    let kind: Kind
    @Environment(\.isEnabled) private var isEnabled

    func makeBody(configuration: Configuration) -> some View {
        configuration.label
            .font(.body.weight(.semibold))
            .multilineTextAlignment(.center)
            .foregroundStyle(ink)
            .padding(.horizontal, 18)
            .padding(.vertical, Metrics.small)
            .frame(maxWidth: .infinity, minHeight: Metrics.press)
            .background(ground(pressed: configuration.isPressed), in: .rect(cornerRadius: Metrics.corner))
            .overlay {
                if kind == .secondary {
                    RoundedRectangle(cornerRadius: Metrics.corner).strokeBorder(Palette.fieldLine)
                }
            }
            .contentShape(.rect(cornerRadius: Metrics.corner))
            .opacity(isEnabled ? 1 : 0.55)
    }

    private var ink: Color {
        switch kind {
        case .primary: Palette.onAccent
        case .secondary: Palette.text
        case .danger: Palette.onBad
        case .quiet: Palette.accentText
        case .quietBad: Palette.bad
        }
    }

    private func ground(pressed: Bool) -> Color {
        switch kind {
        case .primary: pressed ? Palette.accentStrong : Palette.accent
        case .danger: pressed ? Palette.badStrong : Palette.bad
        case .secondary: pressed ? Palette.sunken : Palette.surface
        case .quiet, .quietBad: pressed ? Palette.sunken : Color.clear
        }
    }
}

extension ButtonStyle where Self == NodButtonStyle {
    static func nod(_ kind: NodButtonStyle.Kind) -> NodButtonStyle { NodButtonStyle(kind: kind) }
}
