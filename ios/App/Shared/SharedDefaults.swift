// What the app and its extension both read: the language.

import Foundation
import NodKit

enum SharedDefaults {
    /// The defaults of the group that the app and its extension are in.
    static var store: UserDefaults {
        let group = Bundle.main.object(forInfoDictionaryKey: "NodAppGroup") as? String
        return group.flatMap(UserDefaults.init(suiteName:)) ?? .standard
    }

    /// The language that was chosen; none for the phone's.
    static var language: Language? {
        store.string(forKey: languageKey).flatMap(Language.init(rawValue:))
    }

    static func set(_ language: Language?) {
        store.set(language?.rawValue, forKey: languageKey)
    }

    /// The language to speak.
    static var spoken: Language {
        language ?? Language.of(Locale.preferredLanguages.first ?? "en")
    }

    private static let languageKey = "language"
}
