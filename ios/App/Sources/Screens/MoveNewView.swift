// Moving to a new phone, on the new one.

import NodKit
import SwiftUI

struct MoveNewView: View {
    let state: MoveNewState
    let send: Tell<MoveNewEvent>

    @Environment(\.words) private var words

    var body: some View {
        Group {
            switch state {
            case .joining: joining
            case .codeShown(let code, let otherPhone): shown(code, otherPhone)
            case .moving(let move, let error): moving(move, error)
            case .ended(let move): ended(move)
            case .failed(let error):
                MoveFailedView(
                    text: words.moveNew(failed: error), again: words.text(.moveFailedAgainNew),
                    onAgain: { send(.againPressed) }, onClose: { send(.closePressed) })
            }
        }
        .navigationTitle(words.text(.moveTitle))
        .navigationBarTitleDisplayMode(.inline)
        .navigationBarBackButtonHidden()
    }

    private var joining: some View {
        Page {
            Heading(words.text(.moveJoinHeading))
            Working(words.text(.moveJoinText))
        } actions: {
            Button(words.text(.cancel)) { send(.cancelPressed) }.buttonStyle(.nod(.secondary))
        }
    }

    private func shown(_ code: String, _ otherPhone: String?) -> some View {
        Page {
            Heading(words.text(.moveCodeHeading))
            ShownCode(code: code, spoken: words.text(.moveCodeSpoken, ["code": spelt(code)]))
            Muted(words.text(.moveCodeText, ["phone": otherPhone ?? words.text(.moveAnother)]))
            Notice(.warn, words.text(.moveCodeOnly))
        } actions: {
            Button(words.text(.cancel)) { send(.cancelPressed) }.buttonStyle(.nod(.secondary))
        }
        .announcing(words.text(.moveCodeHeading))
    }

    private func moving(_ move: Move, _ error: PhoneError?) -> some View {
        MovingView(
            move: move, heading: .moveMovingNew, error: error, onAgain: { send(.againPressed) },
            onClose: { send(.closePressed) }, onStop: { send(.cancelPressed) })
    }

    private func ended(_ move: Move) -> some View {
        MoveEndedView(move: move) {
            EmptyView()
        } actions: {
            Button(words.text(.done)) { send(.closePressed) }.buttonStyle(.nod(.primary))
            if move.moved == 0 {
                Button(words.text(.moveFailedAgainNew)) { send(.againPressed) }.buttonStyle(.nod(.quiet))
            }
        }
    }
}
