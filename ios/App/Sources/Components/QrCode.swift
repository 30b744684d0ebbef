// A QR code, black on white in either scheme, with the quiet zone that scanners need.

import CoreImage
import SwiftUI

struct QrCode: View {
    /// A secret: it is drawn, and goes nowhere else.
    let text: String
    let label: String

    var body: some View {
        Group {
            if let image = Self.image(of: text) {
                Image(decorative: image, scale: 1)
                    .interpolation(.none)
                    .resizable()
                    .aspectRatio(1, contentMode: .fit)
                    .padding(16)
            }
        }
        .frame(maxWidth: 320)
        .hiddenFromRecordings()
        .background(Color.white, in: .rect(cornerRadius: Metrics.corner))
        .overlay { RoundedRectangle(cornerRadius: Metrics.corner).strokeBorder(Palette.line) }
        .accessibilityElement(children: .ignore)
        .accessibilityLabel(label)
        .accessibilityAddTraits(.isImage)
    }

    /// One pixel for each module; the view makes it larger without smoothing.
    private static func image(of text: String) -> CGImage? {
        let parameters: [String: Any] = ["inputMessage": Data(text.utf8), "inputCorrectionLevel": "M"]
        guard let output = CIFilter(name: "CIQRCodeGenerator", parameters: parameters)?.outputImage else { return nil }
        return CIContext().createCGImage(output, from: output.extent)
    }
}
