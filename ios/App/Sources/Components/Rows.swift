// Rows of cards: a name and its value, an entry that leads somewhere, what an account is shown by.

import NodKit
import SwiftUI

/// A name and its value, side by side, or below each other where the text is large.
struct DetailRow: View {
    let symbol: String?
    let name: String
    let value: String

    @Environment(\.dynamicTypeSize) private var typeSize

    init(_ name: String, _ value: String, symbol: String? = nil) {
        self.name = name
        self.value = value
        self.symbol = symbol
    }

    var body: some View {
        let layout =
            typeSize.isAccessibilitySize
            ? AnyLayout(VStackLayout(alignment: .leading, spacing: 2))
            : AnyLayout(HStackLayout(alignment: .firstTextBaseline, spacing: 12))
        layout {
            HStack(alignment: .firstTextBaseline, spacing: 10) {
                if let symbol { Image(systemName: symbol).accessibilityHidden(true) }
                Text(name)
            }
            .font(.subheadline)
            .foregroundStyle(Palette.muted)
            .frame(minWidth: typeSize.isAccessibilitySize ? nil : 120, alignment: .leading)
            Text(value)
                .font(.body.weight(.medium))
                .fixedSize(horizontal: false, vertical: true)
                .frame(maxWidth: .infinity, alignment: .leading)
        }
        .padding(.horizontal, 16)
        .padding(.vertical, 10)
        .accessibilityElement(children: .combine)
    }
}

/// Rows in a card, with lines between them.
struct Rows<Item, Row: View>: View {
    private let items: [Item]
    private let row: (Item) -> Row

    init(_ items: [Item], @ViewBuilder row: @escaping (Item) -> Row) {
        self.items = items
        self.row = row
    }

    var body: some View {
        VStack(alignment: .leading, spacing: 0) {
            ForEach(Array(items.indices), id: \.self) { index in
                if index > 0 { Divider().background(Palette.line) }
                row(items[index])
            }
        }
        .card()
    }
}

/// An entry that leads to another screen.
struct EntryButton: View {
    let title: String
    let text: String?
    let symbol: String
    let action: @MainActor () -> Void

    init(_ title: String, _ text: String? = nil, symbol: String, action: @escaping @MainActor () -> Void) {
        self.title = title
        self.text = text
        self.symbol = symbol
        self.action = action
    }

    var body: some View {
        Button(action: action) {
            HStack(spacing: 14) {
                Image(systemName: symbol)
                    .foregroundStyle(Palette.accentText)
                    .accessibilityHidden(true)
                VStack(alignment: .leading, spacing: 2) {
                    Text(title).font(.body.weight(.medium))
                    if let text { Muted(text) }
                }
                .frame(maxWidth: .infinity, alignment: .leading)
                Image(systemName: "chevron.forward")
                    .font(.footnote)
                    .foregroundStyle(Palette.muted)
                    .accessibilityHidden(true)
            }
            .multilineTextAlignment(.leading)
            .padding(.horizontal, 16)
            .padding(.vertical, 12)
            .frame(maxWidth: .infinity, minHeight: Metrics.press, alignment: .leading)
            .contentShape(.rect)
        }
        .buttonStyle(.plain)
    }
}

/// The first letter of a service, in a square.
struct Initial: View {
    let name: String

    @ScaledMetric(relativeTo: .body) private var size: CGFloat = 44

    var body: some View {
        Text(name.first.map { String($0).uppercased() } ?? "?")
            .font(.headline)
            .foregroundStyle(Palette.accentText)
            .frame(width: size, height: size)
            .background(Palette.accentSoft, in: .rect(cornerRadius: 10))
            .accessibilityHidden(true)
    }
}

/// A domain that was verified when the account was added.
struct VerifiedDomain: View {
    let domain: String

    @Environment(\.words) private var words

    var body: some View {
        HStack(alignment: .firstTextBaseline, spacing: 4) {
            Image(systemName: "checkmark.shield").accessibilityHidden(true)
            Text(isolated(domain)).fixedSize(horizontal: false, vertical: true)
        }
        .font(.subheadline)
        .foregroundStyle(Palette.good)
        .accessibilityElement(children: .ignore)
        .accessibilityLabel(spoken)
    }

    private var spoken: String {
        "\(words.text(.challengeVerified)): \(isolated(domain))"
    }
}

/// A text that a service wrote, so that its direction turns nothing around it.
func isolated(_ text: String) -> String {
    text.shown
}
