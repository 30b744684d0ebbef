// Past challenges, newest first.

import NodKit
import SwiftUI

struct HistoryView: View {
    let state: HistoryState
    let send: Tell<HistoryEvent>

    @Environment(\.words) private var words

    var body: some View {
        Page {
            if state.loading, state.entries.isEmpty { Working(words.text(.loading)) }
            ErrorNotice(state.error.map { words.text(of: $0) })
            if !state.loading, state.entries.isEmpty, state.error == nil { Muted(words.text(.historyEmpty)) }
            ForEach(days, id: \.title) { day in
                VStack(alignment: .leading, spacing: 10) {
                    PartHeading(day.title)
                    Rows(day.entries) { entry in
                        HistoryRow(entry: entry, expanded: state.expanded == entry.id) {
                            send(.entryPressed(id: entry.id))
                        }
                    }
                }
            }
        }
        .navigationTitle(words.text(.historyTitle))
        .navigationBarTitleDisplayMode(.inline)
    }

    private struct Day {
        let title: String
        var entries: [HistoryEntry]
    }

    private var days: [Day] {
        let moments = Moments(words, now: state.now)
        return state.entries.reduce(into: []) { days, entry in
            let title = moments.day(entry.at)
            if days.last?.title == title {
                days[days.count - 1].entries.append(entry)
            } else {
                days.append(Day(title: title, entries: [entry]))
            }
        }
    }
}

private struct HistoryRow: View {
    let entry: HistoryEntry
    let expanded: Bool
    let press: @MainActor () -> Void

    @Environment(\.words) private var words

    var body: some View {
        let look = EndLook(entry.end)
        VStack(alignment: .leading, spacing: 0) {
            Button(action: press) {
                HStack(alignment: .firstTextBaseline, spacing: 12) {
                    Image(systemName: look.symbol)
                        .foregroundStyle(look.tone.ink)
                        .accessibilityHidden(true)
                    VStack(alignment: .leading, spacing: 2) {
                        Text(isolated(entry.serviceName)).font(.body.weight(.semibold))
                        Text(words.text(look.heading)).font(.subheadline).foregroundStyle(look.tone.ink)
                        Muted(entry.context.place.map(isolated) ?? words.text(.historyNoPlace))
                    }
                    .frame(maxWidth: .infinity, alignment: .leading)
                    Muted(Moments(words, now: entry.at).time(entry.at))
                }
                .multilineTextAlignment(.leading)
                .padding(.horizontal, 16)
                .padding(.vertical, 12)
                .contentShape(.rect)
            }
            .buttonStyle(.plain)
            .accessibilityHint(words.text(expanded ? .historyLess : .historyMore))
            if expanded { details }
        }
    }

    private var details: some View {
        VStack(alignment: .leading, spacing: 0) {
            DetailRow(words.text(.codeAccount), isolated(entry.label))
            if let application = entry.context.application { row(.challengeApplication, application) }
            if let domain = entry.context.domain { row(.challengeSite, domain) }
            if let place = entry.context.place { row(.challengePlace, place) }
            if let address = entry.context.address { row(.challengeAddress, address) }
            if let device = entry.context.device { row(.challengeDevice, device) }
            if let detail = entry.context.detail { row(.challengeDetail, detail) }
        }
        .padding(.bottom, Metrics.small)
    }

    private func row(_ word: Word, _ value: String) -> some View {
        DetailRow(words.text(word), isolated(value))
    }
}
