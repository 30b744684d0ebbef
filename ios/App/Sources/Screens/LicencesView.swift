// The licences of Nod and of what it is built on.

import NodKit
import SwiftUI

struct LicencesView: View {
    @Environment(\.words) private var words

    var body: some View {
        Page {
            Text(words.text(.licencesText)).fixedSize(horizontal: false, vertical: true)
            Rows(Licences.all) { licence in
                DetailRow(licence.name, licence.licence)
            }
        }
        .navigationTitle(words.text(.licencesTitle))
        .navigationBarTitleDisplayMode(.inline)
    }
}
