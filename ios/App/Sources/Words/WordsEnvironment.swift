// The texts in the user's language, for every view.

import NodKit
import SwiftUI

private struct WordsKey: EnvironmentKey {
    static let defaultValue = Words.of(.en)
}

extension EnvironmentValues {
    /// The texts in the language that was chosen, or the phone's.
    var words: Words {
        get { self[WordsKey.self] }
        set { self[WordsKey.self] = newValue }
    }
}
