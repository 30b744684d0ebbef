// The layer that shows the camera's picture.

import UIKit

public struct AVLayerVideoGravity: Hashable, Sendable {
    public static let resizeAspectFill = Self()
}

open class AVCaptureVideoPreviewLayer: CALayer {
    open var session: AVCaptureSession? {
        get { nil }
        set {}
    }
    open var videoGravity: AVLayerVideoGravity {
        get { .resizeAspectFill }
        set {}
    }
}
