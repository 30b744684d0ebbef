// Real processes: the built `nod`, and what it prints. Waits for lines, never for time.

import Foundation

/// What a process did that a test did not expect.
struct ProcessSurprise: Error, CustomStringConvertible {
    let description: String
}

/// One object of JSON that a process printed.
struct Line: @unchecked Sendable, CustomStringConvertible {
    let object: [String: Any]

    init(_ text: String, from what: String) throws {
        guard let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
            throw ProcessSurprise(description: "\(what) printed \(text)")
        }
        self.object = object
    }

    var description: String { "\(object)" }

    /// A text that must be there.
    func text(_ name: String) throws -> String {
        guard let text = object[name] as? String else {
            throw ProcessSurprise(description: "no text \(name) in \(object)")
        }
        return text
    }

    /// A text that may be there.
    func optionalText(_ name: String) -> String? {
        object[name] as? String
    }
}

/// A process whose standard output is read line by line. It ends when nobody holds it any more.
final class Running: @unchecked Sendable {
    private let process = Process()
    private let what: String
    private let lines = LineQueue()
    private let input = Pipe()
    private let errors: URL

    init(_ program: URL, _ arguments: [String], _ environment: [String: String] = [:]) throws {
        what = "\(program.lastPathComponent) \(arguments.joined(separator: " "))"
        errors = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).stderr")
        guard FileManager.default.createFile(atPath: errors.path, contents: nil) else {
            throw ProcessSurprise(description: "no temporary files can be made")
        }
        process.executableURL = program
        process.arguments = arguments
        process.environment = environment
        process.standardInput = input
        let output = Pipe()
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        let lines = lines
        Thread.detachNewThread { lines.read(output.fileHandleForReading) }
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(at: errors)
    }

    /// Writes a line to its standard input.
    func say(_ line: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8))
    }

    /// The next line, which must be one object.
    func line() async throws -> Line {
        guard let text = await lines.next() else {
            throw ProcessSurprise(description: "\(what) ended: \(said())")
        }
        return try Line(text, from: what)
    }

    /// The exit code, and what else it printed.
    func finish() async throws -> (code: Int32, lines: [Line]) {
        try? input.fileHandleForWriting.close()
        var rest: [Line] = []
        while let text = await lines.next() { rest.append(try Line(text, from: what)) }
        if Task.isCancelled { throw ProcessSurprise(description: "\(what) does not end: \(said())") }
        process.waitUntilExit()
        return (process.terminationStatus, rest)
    }

    /// The last line of a process that must end with `code`.
    @discardableResult
    func finish(with code: Int32) async throws -> Line {
        let done = try await finish()
        guard done.code == code, let last = done.lines.last else {
            throw ProcessSurprise(description: "\(what) ended with \(done.code): \(done.lines) \(said())")
        }
        return last
    }

    /// Kills it, as a power cut does.
    func kill() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// What it said on its standard error.
    func said() -> String {
        (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
    }

    private func kill(_ id: Int32, _ signal: Int32) {
        _ = Foundation.kill(id, signal)
    }
}

/// Lines that one thread reads and one test awaits.
private final class LineQueue: @unchecked Sendable {
    private let lock = NSLock()
    private var waiting: [String] = []
    private var ended = false
    private var reader: CheckedContinuation<String?, Never>?

    /// The next line; none when there is no further one, or the test is over its time.
    func next() async -> String? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                lock.withLock {
                    if !waiting.isEmpty {
                        continuation.resume(returning: waiting.removeFirst())
                    } else if ended {
                        continuation.resume(returning: nil)
                    } else {
                        reader = continuation
                    }
                }
            }
        } onCancel: {
            end()
        }
    }

    func read(_ file: FileHandle) {
        var rest = Data()
        while case let more = file.availableData, !more.isEmpty {
            rest.append(more)
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                put(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
                rest = Data(rest[rest.index(after: end)...])
            }
        }
        end()
    }

    private func end() {
        lock.withLock {
            ended = true
            reader?.resume(returning: nil)
            reader = nil
        }
    }

    private func put(_ line: String) {
        lock.withLock {
            if let reader {
                self.reader = nil
                reader.resume(returning: line)
            } else {
                waiting.append(line)
            }
        }
    }
}
