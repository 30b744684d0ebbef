// Home: accounts, one-time codes, and how the connections stand.

import NodKit
import SwiftUI

struct HomeView: View {
    let state: HomeState
    let send: Tell<HomeEvent>

    @Environment(\.words) private var words

    var body: some View {
        Page {
            notices
            if state.loading {
                Working(words.text(.loading))
            } else {
                accounts
                codes
            }
        } actions: {
            Button(words.text(.homeAdd)) { send(.addPressed) }
                .buttonStyle(.nod(.primary))
                .accessibilityLabel(words.text(.homeAddLabel))
        }
        .navigationTitle(words.text(.homeTitle))
        .navigationBarTitleDisplayMode(.inline)
        .toolbar {
            ToolbarItem(placement: .topBarLeading) {
                Button {
                    send(.historyPressed)
                } label: {
                    Image(systemName: "clock")
                }
                .accessibilityLabel(words.text(.homeHistory))
            }
            ToolbarItem(placement: .topBarTrailing) {
                Button {
                    send(.settingsPressed)
                } label: {
                    Image(systemName: "gearshape")
                }
                .accessibilityLabel(words.text(.homeSettings))
            }
        }
    }

    @ViewBuilder private var notices: some View {
        if state.pending > 0 { Notice(.good, words.count(.homePending, state.pending)) }
        ForEach(state.offline, id: \.relay) { relay in
            Notice(relay.reason == .untrusted ? .bad : .warn, offline(relay))
        }
        if state.notificationsOff {
            Notice(.warn, [words.text(.homeNotifications)]) {
                Button(words.text(.homeNotificationsAllow)) { send(.notificationsPressed) }
                    .buttonStyle(.nod(.secondary))
            }
        }
        switch state.message {
        case .copied:
            Notice(.good, words.text(.homeCodeCopied))
                .announcing(words.text(.homeCodeCopied))
                .task {
                    // Cut short when the message or the screen goes.
                    guard (try? await Task.sleep(for: .seconds(4))) != nil else { return }
                    send(.messageGone)
                }
        case .failed(let error): ErrorNotice(words.text(of: error))
        case nil: EmptyView()
        }
    }

    private func offline(_ relay: OfflineRelay) -> [String] {
        switch relay.reason {
        case .untrusted: [words.text(.homeUntrusted, ["relay": relay.relay])]
        case .replaced: [words.text(.homeReplaced, ["relay": relay.relay])]
        case .unreachable, .draining, .protocol, .asked:
            if let retryAt = relay.retryAt, retryAt > state.now {
                [
                    words.text(.homeOffline),
                    words.text(.homeOfflineRetry, ["seconds": Int((retryAt - state.now).rounded(.up))]),
                ]
            } else {
                [words.text(.homeOffline)]
            }
        }
    }

    @ViewBuilder private var accounts: some View {
        VStack(alignment: .leading, spacing: 10) {
            PartHeading(words.text(.homeAccounts))
            if state.accounts.isEmpty {
                Muted(words.text(.homeEmptyAccounts))
            } else {
                Rows(state.accounts) { account in
                    AccountRow(account: account) { send(.accountPressed(id: account.id)) }
                }
                if state.pending == 0 { Muted(words.text(.homeQuiet)) }
            }
        }
    }

    @ViewBuilder private var codes: some View {
        VStack(alignment: .leading, spacing: 10) {
            PartHeading(words.text(.homeCodes))
            if state.codes.isEmpty {
                Muted(words.text(.homeEmptyCodes))
            } else {
                Rows(state.codes) { code in
                    CodeRow(code: code, now: state.now, send: send)
                }
            }
        }
    }
}

/// An account of the list.
private struct AccountRow: View {
    let account: Account
    let press: @MainActor () -> Void

    @Environment(\.words) private var words

    var body: some View {
        Button(action: press) {
            HStack(spacing: 14) {
                Initial(name: account.serviceName)
                VStack(alignment: .leading, spacing: 2) {
                    Text(isolated(account.serviceName)).font(.body.weight(.semibold))
                    Muted(isolated(account.label))
                    if account.asksToVerifyItself != nil {
                        Text(words.text(.homeAsks, ["service": account.serviceName]))
                            .font(.subheadline.weight(.semibold))
                            .foregroundStyle(Palette.warn)
                            .fixedSize(horizontal: false, vertical: true)
                    }
                }
                .multilineTextAlignment(.leading)
                .frame(maxWidth: .infinity, alignment: .leading)
                Image(systemName: "chevron.forward")
                    .font(.footnote)
                    .foregroundStyle(Palette.muted)
            }
            .padding(.horizontal, 16)
            .padding(.vertical, 12)
            .contentShape(.rect)
        }
        .buttonStyle(.plain)
        .accessibilityLabel(spoken)
    }

    private var spoken: String {
        let name = words.text(.homeAccountSpoken, ["service": account.serviceName, "label": account.label])
        guard account.asksToVerifyItself != nil else { return name }
        return "\(name). \(words.text(.homeAsks, ["service": account.serviceName]))"
    }
}
