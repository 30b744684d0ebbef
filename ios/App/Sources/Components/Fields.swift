// Fields for text, and bindings that only send events.

import NodKit
import SwiftUI

extension Binding where Value: Sendable {
    /// Shows `value`, and says what it is to become. Whoever owns the value decides.
    @MainActor
    static func to(_ value: Value, _ change: @escaping @MainActor (Value) -> Void) -> Binding<Value> {
        Binding(get: { value }, set: { wanted in MainActor.assumeIsolated { change(wanted) } })
    }
}

extension Binding where Value == Bool {
    /// Whether a question is asked. Closing it without an answer is an answer too.
    @MainActor
    static func asking(_ asked: Bool, dismissed: @escaping @MainActor () -> Void) -> Binding<Bool> {
        .to(asked) { wanted in
            if !wanted { dismissed() }
        }
    }
}

/// A field for a line of text, with its name above it.
struct LabelledField: View {
    enum Kind {
        case text
        case secret
        /// A text of several lines that nothing corrects.
        case raw
    }

    let name: String
    let kind: Kind
    let hint: String?
    let problem: String?
    let value: String
    let change: Tell<String>

    @FocusState private var focused: Bool

    init(
        _ name: String, kind: Kind = .text, hint: String? = nil, problem: String? = nil, value: String,
        change: @escaping Tell<String>
    ) {
        self.name = name
        self.kind = kind
        self.hint = hint
        self.problem = problem
        self.value = value
        self.change = change
    }

    var body: some View {
        VStack(alignment: .leading, spacing: 6) {
            Text(name)
                .font(.subheadline.weight(.semibold))
                .accessibilityHidden(true)
            field
                .focused($focused)
                .padding(.horizontal, 14)
                .padding(.vertical, 12)
                .frame(maxWidth: .infinity, minHeight: Metrics.press, alignment: .leading)
                .background(Palette.surface, in: .rect(cornerRadius: Metrics.corner))
                .overlay {
                    RoundedRectangle(cornerRadius: Metrics.corner)
                        .strokeBorder(border, lineWidth: focused ? 2 : 1)
                }
                .accessibilityLabel(name)
                .accessibilityHint(problem ?? hint ?? "")
            if let problem {
                Text(problem)
                    .font(.footnote)
                    .foregroundStyle(Palette.bad)
                    .accessibilityHidden(true)
            } else if let hint {
                Text(hint)
                    .font(.footnote)
                    .foregroundStyle(Palette.muted)
                    .accessibilityHidden(true)
            }
        }
        .fixedSize(horizontal: false, vertical: true)
    }

    private var border: Color {
        if problem != nil { return Palette.bad }
        return focused ? Palette.accentText : Palette.fieldLine
    }

    @ViewBuilder private var field: some View {
        switch kind {
        case .text:
            TextField("", text: .to(value, change))
        case .secret:
            SecureField("", text: .to(value, change))
                .privacySensitive()
        case .raw:
            TextField("", text: .to(value, change), axis: .vertical)
                .lineLimit(1...6)
                .textInputAutocapitalization(.never)
                .autocorrectionDisabled()
                .keyboardType(.asciiCapable)
                .privacySensitive()
        }
    }
}
