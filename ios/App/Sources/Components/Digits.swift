// Digits that are read or typed: check codes, one-time codes, the number of a challenge.

import NodKit
import SwiftUI

/// A code of six digits to be typed elsewhere. It is not shown while the screen is being recorded.
struct ShownCode: View {
    let code: String
    let spoken: String

    var body: some View {
        Text(grouped(code))
            .font(.system(.largeTitle, design: .rounded, weight: .bold))
            .monospacedDigit()
            .kerning(2)
            .minimumScaleFactor(0.4)
            .lineLimit(1)
            .foregroundStyle(Palette.accentText)
            .hiddenFromRecordings()
            .frame(maxWidth: .infinity)
            .padding(.vertical, 20)
            .card()
            .accessibilityElement(children: .ignore)
            .accessibilityLabel(spoken)
    }
}

/// A field for a fixed number of digits.
struct DigitsField: View {
    let name: String
    let hint: String?
    let digits: Int
    let typed: String
    let change: Tell<String>

    @FocusState private var focused: Bool
    @ScaledMetric(relativeTo: .title) private var narrow: CGFloat = 120
    @Environment(\.dynamicTypeSize) private var typeSize

    init(_ name: String, hint: String? = nil, digits: Int, typed: String, change: @escaping Tell<String>) {
        self.name = name
        self.hint = hint
        self.digits = digits
        self.typed = typed
        self.change = change
    }

    var body: some View {
        if digits > 2 || typeSize.isAccessibilitySize {
            VStack(alignment: .leading, spacing: Metrics.small) {
                label
                field
            }
        } else {
            HStack(spacing: 16) {
                label.frame(maxWidth: .infinity, alignment: .leading)
                field.frame(width: narrow)
            }
        }
    }

    private var label: some View {
        VStack(alignment: .leading, spacing: 2) {
            Text(name).font(.body.weight(.semibold))
            if let hint { Muted(hint) }
        }
        .fixedSize(horizontal: false, vertical: true)
        .accessibilityHidden(true)
    }

    private var field: some View {
        TextField("", text: .to(typed, change))
            .labelsHidden()
            .keyboardType(.numberPad)
            .multilineTextAlignment(.center)
            .font(.title.weight(.semibold))
            .monospacedDigit()
            .kerning(4)
            .lineLimit(1)
            .minimumScaleFactor(0.5)
            .focused($focused)
            .padding(.horizontal, 10)
            .padding(.vertical, 12)
            .frame(minHeight: 56)
            .background(Palette.surface, in: .rect(cornerRadius: Metrics.corner))
            .overlay {
                RoundedRectangle(cornerRadius: Metrics.corner)
                    .strokeBorder(focused ? Palette.accentText : Palette.fieldLine, lineWidth: focused ? 2 : 1)
            }
            .accessibilityLabel(name)
            .accessibilityHint(hint ?? "")
            .accessibilityValue(spelt(typed))
    }
}
