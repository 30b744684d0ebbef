// The camera, and the QR codes that it sees.

import AVFoundation
import SwiftUI
import UIKit

/// Shows the camera's picture, and says each QR code for as long as it is seen. Pictures are neither kept nor sent.
struct QrScanner: UIViewRepresentable {
    let found: @MainActor (String) -> Void

    func makeCoordinator() -> QrCamera {
        QrCamera(found: found)
    }

    func makeUIView(context: Context) -> CameraPicture {
        let picture = CameraPicture(frame: .zero)
        context.coordinator.start(showing: picture)
        return picture
    }

    func updateUIView(_ uiView: CameraPicture, context: Context) {}

    static func dismantleUIView(_ uiView: CameraPicture, coordinator: QrCamera) {
        coordinator.stop()
    }
}

/// The view that the picture fills.
final class CameraPicture: UIView {
    override class var layerClass: AnyClass { AVCaptureVideoPreviewLayer.self }

    @MainActor func show(_ session: AVCaptureSession) {
        guard let preview = layer as? AVCaptureVideoPreviewLayer else { return }
        preview.videoGravity = .resizeAspectFill
        preview.session = session
    }
}

/// One session of the camera. It is set up, started and stopped on a queue of its own, since that takes a while; the view
/// that shows it only knows it.
final class QrCamera: NSObject, AVCaptureMetadataOutputObjectsDelegate, @unchecked Sendable {
    private let session = AVCaptureSession()
    private let queue = DispatchQueue(label: "nod.camera")
    private let found: @MainActor (String) -> Void

    init(found: @escaping @MainActor (String) -> Void) {
        self.found = found
    }

    @MainActor func start(showing picture: CameraPicture) {
        picture.show(session)
        queue.async { [self] in
            setUp()
            session.startRunning()
        }
    }

    func stop() {
        queue.async { [self] in session.stopRunning() }
    }

    private func setUp() {
        guard session.inputs.isEmpty, let camera = AVCaptureDevice.default(for: .video),
            let input = try? AVCaptureDeviceInput(device: camera)
        else { return }
        session.beginConfiguration()
        defer { session.commitConfiguration() }
        let output = AVCaptureMetadataOutput()
        guard session.canAddInput(input), session.canAddOutput(output) else { return }
        session.addInput(input)
        session.addOutput(output)
        output.setMetadataObjectsDelegate(self, queue: .main)
        if output.availableMetadataObjectTypes.contains(.qr) { output.metadataObjectTypes = [.qr] }
    }

    /// Called on the main queue, as it was asked for.
    func metadataOutput(
        _ output: AVCaptureMetadataOutput, didOutput metadataObjects: [AVMetadataObject],
        from connection: AVCaptureConnection
    ) {
        let texts = metadataObjects.compactMap { ($0 as? AVMetadataMachineReadableCodeObject)?.stringValue }
        guard let text = texts.first else { return }
        MainActor.assumeIsolated { found(text) }
    }
}
