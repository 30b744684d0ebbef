// The colours of Nod, the same as on its web pages (cli/src/demo/assets/shared/base.css), for light and dark.

import SwiftUI

enum Palette {
    static let page = Color(light: 0xF4F6F7, dark: 0x0E1216)
    static let surface = Color(light: 0xFFFFFF, dark: 0x171C22)
    static let sunken = Color(light: 0xEEF1F3, dark: 0x1F262E)
    static let text = Color(light: 0x151A20, dark: 0xECEFF3)
    static let muted = Color(light: 0x525C68, dark: 0xA7B1BD)
    static let line = Color(light: 0xDCE1E6, dark: 0x2B343E)
    static let fieldLine = Color(light: 0x76818E, dark: 0x76828F)
    static let accent = Color(light: 0x2F45C5, dark: 0xAAB6FF)
    static let accentStrong = Color(light: 0x2436A0, dark: 0xC4CDFF)
    static let accentText = Color(light: 0x2F45C5, dark: 0xAAB6FF)
    static let onAccent = Color(light: 0xFFFFFF, dark: 0x0E1442)
    static let accentSoft = Color(light: 0xE9ECFB, dark: 0x232B52)
    static let good = Color(light: 0x0F6B3F, dark: 0x74D69B)
    static let goodSoft = Color(light: 0xE2F3E9, dark: 0x163524)
    static let bad = Color(light: 0xAE231C, dark: 0xFF9D94)
    static let badStrong = Color(light: 0x8C1913, dark: 0xFFB8B1)
    static let onBad = Color(light: 0xFFFFFF, dark: 0x43090A)
    static let badSoft = Color(light: 0xFBE9E7, dark: 0x421C1A)
    static let warn = Color(light: 0x7D4E00, dark: 0xF3C268)
    static let warnSoft = Color(light: 0xFDF1DA, dark: 0x3A2B0E)
}

extension Color {
    /// A colour of two values, each `0xRRGGBB`.
    init(light: UInt32, dark: UInt32) {
        self.init(uiColor: UIColor { traits in UIColor(rgb: traits.userInterfaceStyle == .dark ? dark : light) })
    }
}

extension UIColor {
    fileprivate convenience init(rgb: UInt32) {
        func part(_ shift: UInt32) -> CGFloat { CGFloat((rgb >> shift) & 0xFF) / 255 }
        self.init(red: part(16), green: part(8), blue: part(0), alpha: 1)
    }
}
