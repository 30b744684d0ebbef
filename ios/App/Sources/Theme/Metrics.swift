// Distances and corners.

import SwiftUI

enum Metrics {
    static let edge: CGFloat = 20
    static let gap: CGFloat = 20
    static let small: CGFloat = 8
    static let corner: CGFloat = 12
    /// The least height of what is pressed. It grows with the text.
    static let press: CGFloat = 46
    /// The widest that a column of text becomes, on an iPad.
    static let column: CGFloat = 560
}

extension View {
    /// The ground of a card.
    func card() -> some View {
        background(Palette.surface, in: .rect(cornerRadius: Metrics.corner))
            .overlay { RoundedRectangle(cornerRadius: Metrics.corner).strokeBorder(Palette.line) }
    }
}
