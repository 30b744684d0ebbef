// The camera as the app calls it. As in the SDK, sessions and devices are not bound to an actor.

@_exported import Dispatch
@_exported import Foundation

public struct AVMediaType: Hashable, Sendable {
    public static let video = Self()
}

public enum AVAuthorizationStatus: Int, Sendable {
    case notDetermined, restricted, denied, authorized
}

open class AVCaptureDevice: NSObject {
    open class func `default`(for mediaType: AVMediaType) -> AVCaptureDevice? { nil }
    open class func authorizationStatus(for mediaType: AVMediaType) -> AVAuthorizationStatus { .denied }
    open class func requestAccess(for mediaType: AVMediaType) async -> Bool { false }
    public enum FocusMode: Int, Sendable { case locked, autoFocus, continuousAutoFocus }
    public enum AutoFocusRangeRestriction: Int, Sendable { case none, near, far }
    open func lockForConfiguration() throws {}
    open func unlockForConfiguration() {}
    open func isFocusModeSupported(_ focusMode: FocusMode) -> Bool { false }
    open var focusMode: FocusMode {
        get { .locked }
        set {}
    }
    open var isAutoFocusRangeRestrictionSupported: Bool { false }
    open var autoFocusRangeRestriction: AutoFocusRangeRestriction {
        get { .none }
        set {}
    }
}

open class AVCaptureInput: NSObject {}
open class AVCaptureOutput: NSObject {}
open class AVCaptureConnection: NSObject {}
open class AVCaptureDeviceInput: AVCaptureInput {
    public init(device: AVCaptureDevice) throws {}
}

open class AVMetadataObject: NSObject {
    public struct ObjectType: Hashable, Sendable {
        public static let qr = Self()
    }
}
open class AVMetadataMachineReadableCodeObject: AVMetadataObject {
    open var stringValue: String? { nil }
}

public protocol AVCaptureMetadataOutputObjectsDelegate: NSObjectProtocol {
    func metadataOutput(
        _ output: AVCaptureMetadataOutput, didOutput metadataObjects: [AVMetadataObject],
        from connection: AVCaptureConnection)
}

open class AVCaptureMetadataOutput: AVCaptureOutput {
    public override init() {}
    open func setMetadataObjectsDelegate(
        _ objectsDelegate: (any AVCaptureMetadataOutputObjectsDelegate)?, queue objectsCallbackQueue: DispatchQueue?
    ) {}
    open var metadataObjectTypes: [AVMetadataObject.ObjectType]! {
        get { [] }
        set {}
    }
    open var availableMetadataObjectTypes: [AVMetadataObject.ObjectType] { [] }
}

open class AVCaptureSession: NSObject {
    public override init() {}
    open func canAddInput(_ input: AVCaptureInput) -> Bool { false }
    open func addInput(_ input: AVCaptureInput) {}
    open func canAddOutput(_ output: AVCaptureOutput) -> Bool { false }
    open func addOutput(_ output: AVCaptureOutput) {}
    open func beginConfiguration() {}
    open func commitConfiguration() {}
    open func startRunning() {}
    open func stopRunning() {}
    open var isRunning: Bool { false }
    open var inputs: [AVCaptureInput] { [] }
}
