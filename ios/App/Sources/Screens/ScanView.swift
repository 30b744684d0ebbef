// The scanner, and the field to paste into.

import NodKit
import SwiftUI

struct ScanView: View {
    let state: ScanState
    let send: Tell<ScanEvent>

    @Environment(\.words) private var words

    var body: some View {
        Page {
            Muted(words.text(.scanLead))
            Picker(words.text(.scanTitle), selection: .to(state.mode) { send(.modeChosen($0)) }) {
                Text(words.text(.scanCamera)).tag(ScanMode.camera)
                Text(words.text(.scanPaste)).tag(ScanMode.paste)
            }
            .pickerStyle(.segmented)
            switch state.mode {
            case .camera: camera
            case .paste: paste
            }
            if state.busy { Working(words.text(.scanReading)) }
            ErrorNotice(state.error.map { words.text(of: $0) })
            if let added = state.added {
                Notice(.good, words.added(added))
                    .announcing(words.added(added).joined(separator: " "))
            }
        } actions: {
            if state.mode == .paste {
                Button(words.text(.continue)) { send(.submitPressed) }
                    .buttonStyle(.nod(.primary))
                    .disabled(!state.canSubmit)
            }
            if state.added != nil {
                Button(words.text(.done)) { send(.donePressed) }.buttonStyle(.nod(.secondary))
            }
            Button(words.text(.scanTyped)) { send(.typedPressed) }.buttonStyle(.nod(.quiet))
        }
        .navigationTitle(words.text(.scanTitle))
        .navigationBarTitleDisplayMode(.inline)
    }

    @ViewBuilder private var camera: some View {
        switch state.camera {
        case .unknown:
            Working(words.text(.loading))
        case .allowed:
            QrScanner { send(.found(text: $0)) }
                .aspectRatio(1, contentMode: .fit)
                .clipShape(.rect(cornerRadius: Metrics.corner))
                .accessibilityElement(children: .ignore)
                .accessibilityLabel(words.text(.scanCameraView))
                .accessibilityAddTraits(.isImage)
            Muted(words.text(.scanCameraHold)).accessibilityHidden(true)
        case .refused:
            refused
        }
    }

    @ViewBuilder private var paste: some View {
        if state.camera == .refused { refused }
        LabelledField(
            words.text(.scanText), kind: .raw, hint: words.text(.scanTextHint), value: state.text,
            change: { send(.textChanged($0)) })
    }

    private var refused: some View {
        Notice(.warn, [words.text(.scanCameraRefused)]) {
            Button(words.text(.scanCameraSettings)) { send(.phoneSettingsPressed) }.buttonStyle(.nod(.secondary))
        }
    }
}
