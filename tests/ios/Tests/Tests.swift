// What a test is.

import Foundation

enum Tests {
    nonisolated(unsafe) private static var failed = 0

    /// Runs one, and says how it went.
    static func test(_ name: String, _ body: () throws -> Void) {
        do {
            try body()
            print("ok \(name)")
        } catch {
            failed += 1
            print("not ok \(name)\n   \(error)")
        }
    }

    static func finish() -> Never {
        exit(failed == 0 ? 0 : 1)
    }
}

struct Mismatch: Error, CustomStringConvertible {
    let description: String
}

/// Fails the test unless both are the same.
func expect<T: Equatable>(_ what: T, _ wanted: T, line: Int = #line, file: String = #fileID) throws {
    if what != wanted { throw Mismatch(description: "\(file):\(line): \(what), not \(wanted)") }
}

/// Fails the test unless the call fails in that way.
func expect<E: Error & Equatable>(
    _ wanted: E, line: Int = #line, file: String = #fileID, from call: () throws -> Void
) throws {
    do {
        try call()
    } catch let error as E {
        return try expect(error, wanted, line: line, file: file)
    }
    throw Mismatch(description: "\(file):\(line): nothing failed, and \(wanted) should have")
}
