// The mark of Nod: a head that nods, on its blue.

import SwiftUI

struct Logo: View {
    @ScaledMetric(relativeTo: .title) private var size: CGFloat = 72

    var body: some View {
        Canvas { context, area in
            let unit = area.width / 64
            func point(_ x: CGFloat, _ y: CGFloat) -> CGPoint { CGPoint(x: x * unit, y: y * unit) }
            var head = Path()
            head.addEllipse(in: CGRect(x: 15.5 * unit, y: 12.5 * unit, width: 13 * unit, height: 13 * unit))
            context.fill(head, with: .color(.white))
            var nod = Path()
            nod.move(to: point(14, 35))
            nod.addCurve(to: point(29.5, 46.5), control1: point(16.5, 44), control2: point(22.5, 48.5))
            nod.addCurve(to: point(50, 21), control1: point(38, 44), control2: point(45, 33.5))
            context.stroke(nod, with: .color(.white), style: StrokeStyle(lineWidth: 7 * unit, lineCap: .round))
        }
        .frame(width: size, height: size)
        .background(Color(light: 0x3046C8, dark: 0x3046C8), in: .rect(cornerRadius: size / 4))
        .accessibilityHidden(true)
    }
}
