// Saves and opens a backup with the system's own sheets.

import NodKit
import SwiftUI
import UniformTypeIdentifiers

@Observable @MainActor
final class BackupFiles: FilePort {
    fileprivate var saving: BackupDocument?
    fileprivate var showsExporter = false
    fileprivate var showsImporter = false
    @ObservationIgnored private var saved: CheckedContinuation<Bool, Never>?
    @ObservationIgnored private var opened: CheckedContinuation<[UInt8]?, Never>?

    func save(_ bytes: [UInt8]) async -> Bool {
        answerSaved(false)
        return await withCheckedContinuation { continuation in
            saved = continuation
            saving = BackupDocument(bytes: Data(bytes))
            showsExporter = true
        }
    }

    func open() async -> [UInt8]? {
        answerOpened(nil)
        return await withCheckedContinuation { continuation in
            opened = continuation
            showsImporter = true
        }
    }

    fileprivate func answerSaved(_ done: Bool) {
        saving = nil
        saved?.resume(returning: done)
        saved = nil
    }

    fileprivate func answerOpened(_ url: URL?) {
        opened?.resume(returning: url.flatMap(Self.read))
        opened = nil
    }

    /// A file of another app's folder is lent. Larger ones than any backup are not read.
    private nonisolated static func read(_ url: URL) -> [UInt8]? {
        let lent = url.startAccessingSecurityScopedResource()
        defer { if lent { url.stopAccessingSecurityScopedResource() } }
        let size = (try? url.resourceValues(forKeys: [.fileSizeKey]).fileSize) ?? 0
        guard size <= mostBytes, let data = try? Data(contentsOf: url) else { return nil }
        return [UInt8](data)
    }

    private nonisolated static let mostBytes = 8 * 1024 * 1024
}

/// The sealed file.
struct BackupDocument: FileDocument {
    static let readableContentTypes: [UTType] = [.data]

    let bytes: Data

    init(bytes: Data) {
        self.bytes = bytes
    }

    init(configuration: ReadConfiguration) throws {
        bytes = configuration.file.regularFileContents ?? Data()
    }

    func fileWrapper(configuration: WriteConfiguration) throws -> FileWrapper {
        FileWrapper(regularFileWithContents: bytes)
    }
}

/// Where the sheets hang. It shows nothing itself.
struct BackupFilesView: View {
    let files: BackupFiles

    var body: some View {
        ZStack {
            Color.clear.fileExporter(
                isPresented: .to(files.showsExporter) { files.showsExporter = $0 },
                document: files.saving, contentTypes: [.data], defaultFilename: "nod.backup",
                onCompletion: { result in
                    MainActor.assumeIsolated { files.answerSaved((try? result.get()) != nil) }
                },
                onCancellation: { MainActor.assumeIsolated { files.answerSaved(false) } })
            Color.clear.fileImporter(
                isPresented: .to(files.showsImporter) { files.showsImporter = $0 },
                allowedContentTypes: [.data], allowsMultipleSelection: false,
                onCompletion: { result in
                    MainActor.assumeIsolated { files.answerOpened((try? result.get())?.first) }
                },
                onCancellation: { MainActor.assumeIsolated { files.answerOpened(nil) } })
        }
        .frame(width: 0, height: 0)
        .accessibilityHidden(true)
    }
}
