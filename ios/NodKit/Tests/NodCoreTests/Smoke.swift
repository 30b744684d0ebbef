import Testing
import NodCore
import NodKit
@Test func y() async throws { _ = try await LoginServer.start() }
