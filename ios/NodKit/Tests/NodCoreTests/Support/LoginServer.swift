// A relay process and a managed login server on it, driven through the command line as an organisation would.

import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The built `nod`: `NOD_BIN`.
func nod(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Running {
    guard let path = ProcessInfo.processInfo.environment["NOD_BIN"] else {
        throw ProcessSurprise(description: "NOD_BIN does not name the nod binary")
    }
    return try Running(URL(fileURLWithPath: path), ["--json"] + arguments, environment)
}

/// A folder that goes away with the test.
final class Folder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("nod-\(UUID())")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    /// A path in it.
    func path(_ name: String) -> String {
        url.appendingPathComponent(name).path
    }
}

/// A relay process with its data in a folder of its own, and one managed service on it.
final class LoginServer: Sendable {
    private let folder: Folder
    private let relay: Running
    private let url: String
    private let apiKey: String

    /// Starts a relay on a free port and adds a service to it.
    static func start(_ service: String = "Fjordbanken", domain: String = "fjordbanken.example") async throws
        -> LoginServer
    {
        let folder = try Folder()
        let relay = try nod(["relay", "serve", "--listen", "127.0.0.1:0", "--data", folder.path("relay")])
        let first = try await relay.line()
        let url = "http://\(try first.text("listening"))"
        let admin = ["NOD_RELAY": url, "NOD_ADMIN_KEY": try first.text("admin_key")]
        let made = try await nod(["service", "add", service, "--domain", domain], admin).finish(with: 0)
        return LoginServer(folder: folder, relay: relay, url: url, apiKey: try made.text("api_key"))
    }

    private init(folder: Folder, relay: Running, url: String, apiKey: String) {
        (self.folder, self.relay, self.url, self.apiKey) = (folder, relay, url, apiKey)
    }

    /// The relay dies, as in a power cut.
    func kill() {
        relay.kill()
    }

    /// `nod login …`.
    func login(_ arguments: String...) throws -> Running {
        try nod(["login"] + arguments, ["NOD_RELAY": url, "NOD_API_KEY": apiKey])
    }

    /// How long users of this service have for an answer from now on.
    func changeWindow(seconds: Int) async throws {
        guard let address = URL(string: "\(url)/v1/service") else {
            throw ProcessSurprise(description: "\(url) is no address")
        }
        var request = URLRequest(url: address)
        request.httpMethod = "PATCH"
        request.setValue("Bearer \(apiKey)", forHTTPHeaderField: "authorization")
        request.setValue("application/json", forHTTPHeaderField: "content-type")
        request.httpBody = Data(#"{"window_s":\#(seconds),"life_s":\#(seconds)}"#.utf8)
        let (_, response) = try await URLSession.shared.data(for: request)
        guard (response as? HTTPURLResponse)?.statusCode == 200 else {
            throw ProcessSurprise(description: "the service's window was not changed: \(response)")
        }
    }

    /// What an enrolment page shows.
    func offerEnrolment(of user: String) async throws -> (id: String, qr: String) {
        let made = try await login("enrol", user).finish(with: 0)
        return (try made.text("enrolment_id"), try made.text("qr"))
    }

    /// A login that waits for an answer: the challenge, and the number that its page shows.
    func push(_ user: String, _ arguments: String...) async throws -> (page: Running, id: String, number: String?) {
        let page = try nod(["login", "push", user] + arguments, ["NOD_RELAY": url, "NOD_API_KEY": apiKey])
        let first = try await page.line()
        return (page, try first.text("challenge_id"), first.optionalText("number"))
    }
}
