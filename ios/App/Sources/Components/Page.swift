// The frame of a screen: what is read scrolls, what is pressed stays at the bottom while there is room for it.

import SwiftUI

struct Page<Content: View, Actions: View>: View {
    @Environment(\.dynamicTypeSize) private var typeSize
    private let content: Content
    private let actions: Actions

    init(@ViewBuilder content: () -> Content, @ViewBuilder actions: () -> Actions) {
        self.content = content()
        self.actions = actions()
    }

    var body: some View {
        ScrollView {
            VStack(alignment: .leading, spacing: Metrics.gap) {
                content
                // With large text the buttons alone could fill the screen: they scroll along then.
                if typeSize.isAccessibilitySize { buttons }
            }
            .frame(maxWidth: Metrics.column, alignment: .leading)
            .padding(.horizontal, Metrics.edge)
            .padding(.vertical, 12)
            .frame(maxWidth: .infinity)
        }
        .scrollBounceBehavior(.basedOnSize)
        .scrollDismissesKeyboard(.interactively)
        .safeAreaInset(edge: .bottom, spacing: 0) {
            if !typeSize.isAccessibilitySize {
                buttons
                    .frame(maxWidth: Metrics.column)
                    .padding(.horizontal, Metrics.edge)
                    .padding(.bottom, 12)
                    .frame(maxWidth: .infinity)
                    .background(Palette.page)
            }
        }
        .background(Palette.page)
        .foregroundStyle(Palette.text)
    }

    private var buttons: some View {
        VStack(spacing: 10) { actions }
            .padding(.top, Metrics.small)
    }
}

extension Page where Actions == EmptyView {
    init(@ViewBuilder content: () -> Content) {
        self.init(content: content, actions: { EmptyView() })
    }
}

/// The heading of a page. VoiceOver's focus can be put on it.
struct Heading: View {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    var body: some View {
        Text(text)
            .font(.title2.weight(.semibold))
            .fixedSize(horizontal: false, vertical: true)
            .accessibilityAddTraits(.isHeader)
    }
}

/// The heading of a part of a page.
struct PartHeading: View {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    var body: some View {
        Text(text)
            .font(.headline)
            .accessibilityAddTraits(.isHeader)
    }
}

/// Text of less weight.
struct Muted: View {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    var body: some View {
        Text(text)
            .font(.subheadline)
            .foregroundStyle(Palette.muted)
            .fixedSize(horizontal: false, vertical: true)
    }
}
