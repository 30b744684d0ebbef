// The rules of home, history and accounts.

import Testing

@testable import NodKit

@Suite struct HomeScreenTests {
    @Test func aCodeWhosePeriodHasEndedIsLoadedAgainOnce() {
        var told = Told<HomeScreen>()
        told.tell(.codesLoaded([timedCode, countedCode], now: 100))
        #expect(told.tell(.tick(now: 111.9)).isEmpty)
        #expect(told.tell(.tick(now: 112)) == [.loadCodes])
        #expect(told.tell(.tick(now: 113)).isEmpty)
        told.tell(.codesLoaded([timedCode], now: 113))
        #expect(told.tell(.tick(now: 114)).isEmpty)
        #expect(told.state.codes.first?.deadline == 125)
    }

    @Test func pressingACodeCopiesItAndSaysSo() {
        var told = Told<HomeScreen>()
        told.tell(.codesLoaded([timedCode, countedCode], now: 100))
        #expect(told.tell(.codePressed(id: "k1")) == [.copy(code: "123456")])
        #expect(told.state.message == .copied)
        told.tell(.messageGone)
        #expect(told.state.message == nil)
        #expect(told.tell(.codePressed(id: "k2")) == [.nextCode(id: "k2")], "it shows none yet")
    }

    @Test func aCounterBasedCodeStaysAfterTheOthersAreLoadedAgain() {
        var told = Told<HomeScreen>()
        told.tell(.codesLoaded([countedCode], now: 1))
        #expect(told.tell(.nextCodePressed(id: "k2")) == [.nextCode(id: "k2")])
        told.tell(.nextCodeShown(id: "k2", code: "755224", now: 1), .codesLoaded([countedCode], now: 2))
        #expect(told.state.codes.first?.shown == "755224")
        #expect(told.tell(.codePressed(id: "k2")) == [.copy(code: "755224")])
        #expect(told.tell(.tick(now: 60.9)).isEmpty)
        #expect(told.state.codes.first?.shown == "755224")
        #expect(told.tell(.tick(now: 61)).isEmpty, "there is nothing to load again")
        #expect(told.state.codes.first?.shown == nil)
    }

    @Test func aRelayIsOfflineOnceAnAttemptHasFailed() {
        var told = Told<HomeScreen>()
        let dialling = Relay(relay: "r", online: false, retryInS: nil, replaced: false)
        told.tell(.relaysLoaded([dialling], pending: 0, now: 10))
        #expect(told.state.offline.isEmpty)
        #expect(told.tell(.phone(.offline(relay: "r", reason: .untrusted, retryInS: 4))) == [.loadRelays])
        let waiting = Relay(relay: "r", online: false, retryInS: 4, replaced: false)
        told.tell(.relaysLoaded([waiting], pending: 0, now: 10))
        #expect(told.state.offline == [OfflineRelay(relay: "r", reason: .untrusted, retryAt: 14)])
        #expect(told.tell(.phone(.online(relay: "r"))) == [.loadRelays])
        told.tell(.relaysLoaded([Relay(relay: "r", online: true, retryInS: nil, replaced: false)], pending: 2, now: 11))
        #expect(told.state.offline.isEmpty)
        #expect(told.state.pending == 2)
    }

    @Test func disconnectingOnPurposeIsNotOffline() {
        var told = Told<HomeScreen>()
        told.tell(.phone(.offline(relay: "r", reason: .asked, retryInS: nil)))
        #expect(told.state.offline.isEmpty)
    }

    @Test func anotherCopyOfThePhoneIsNamed() {
        var told = Told<HomeScreen>()
        told.tell(.relaysLoaded([Relay(relay: "r", online: false, retryInS: nil, replaced: true)], pending: 0, now: 1))
        #expect(told.state.offline.map(\.reason) == [.replaced])
    }

    @Test func whatHappensToThePhoneIsLookedAtAgain() {
        var told = Told<HomeScreen>()
        #expect(told.tell(.phone(.accountAdded(id: "a"))) == [.loadAccounts])
        #expect(told.tell(.phone(.accountRemoved(id: "a", end: .revoked))) == [.loadAccounts])
        #expect(told.tell(.phone(.missed)) == [.loadAccounts, .loadCodes, .loadRelays])
        #expect(told.tell(.phone(.moveEnded(error: nil))) == [.loadAccounts, .loadCodes, .loadRelays])
    }

    @Test func everyButtonLeadsSomewhere() {
        var told = Told<HomeScreen>()
        #expect(told.tell(.addPressed) == [.open(.scan())])
        #expect(told.tell(.accountPressed(id: "a1")) == [.open(.account(id: "a1"))])
        #expect(told.tell(.codeMorePressed(id: "k1")) == [.open(.codeDetails(id: "k1"))])
        #expect(told.tell(.historyPressed) == [.open(.history)])
        #expect(told.tell(.settingsPressed) == [.open(.settings)])
        #expect(told.tell(.movePressed) == [.open(.moveOld)])
        #expect(told.tell(.notificationsPressed) == [.askNotifications])
    }

    @Test func anErrorStaysUntilTheUserDoesSomething() {
        var told = Told<HomeScreen>()
        told.tell(.opened, .failed(.storage), .tick(now: 5), .accountsLoaded([account]))
        #expect(told.state.message == .failed(.storage))
        #expect(!told.state.loading)
    }

    @Test func noCodeIsInADescription() {
        var told = Told<HomeScreen>()
        told.tell(.codesLoaded([timedCode], now: 100))
        #expect(!"\(told.state)".contains("123456"))
        #expect(!"\(timedCode)".contains("123456"))
    }

    @Test func oneEntryOfTheHistoryIsOpenAtATime() {
        var told = Told<HistoryScreen>()
        #expect(told.tell(.opened) == [.load])
        told.tell(.loaded([], wallNow: 5), .entryPressed(id: "1"), .entryPressed(id: "2"))
        #expect(told.state.expanded == "2")
        told.tell(.entryPressed(id: "2"))
        #expect(told.state.expanded == nil)
        #expect(told.tell(.changed) == [.load])
        #expect(told.tell(.backPressed) == [.close])
    }

    @Test func aLabelIsSavedWhenItHasChanged() {
        var told = Told<AccountScreen>()
        #expect(told.tell(.opened(id: "a1")) == [.load(id: "a1")])
        told.tell(.loaded(account))
        #expect(!told.state.canSave)
        #expect(told.tell(.labelChanged("  "), .savePressed).isEmpty)
        #expect(told.tell(.labelChanged(" Work "), .savePressed) == [.rename(id: "a1", label: "Work")])
        #expect(told.tell(.savePressed).isEmpty)
        told.tell(.saved)
        #expect(told.state.saved && !told.state.canSave && told.state.account?.label == "Work")
    }

    @Test func whatIsBeingTypedOutlivesAReload() {
        var told = Told<AccountScreen>()
        told.tell(.loaded(account), .labelChanged("Wor"))
        var changed = account
        changed.asksToVerifyItself = "thumbprint"
        #expect(told.tell(.phone(.accountChanged(id: "a1"))) == [.load(id: "a1")])
        told.tell(.loaded(changed))
        #expect(told.state.label == "Wor")
        #expect(told.state.account == changed)
    }

    @Test func removingAsksFirst() {
        var told = Told<AccountScreen>()
        told.tell(.loaded(account))
        #expect(told.tell(.removeConfirmed).isEmpty)
        #expect(told.tell(.removePressed, .removeDismissed, .removeConfirmed).isEmpty)
        #expect(told.tell(.removePressed, .removeConfirmed) == [.remove(id: "a1")])
        #expect(told.tell(.removed) == [.close])
    }

    @Test func aKeyIsAgreedToOnlyWhereItsServiceAsks() {
        var told = Told<AccountScreen>()
        told.tell(.loaded(account), .keyChangePressed)
        #expect(!told.state.askKeyChange)
        var asking = account
        asking.asksToVerifyItself = "thumbprint"
        told.tell(.loaded(asking), .keyChangePressed)
        #expect(told.tell(.keyChangeConfirmed) == [.confirmKeyChange(id: "a1")])
        #expect(told.tell(.keyChanged) == [.load(id: "a1")])
    }

    @Test func anAccountThatGoesClosesItsScreen() {
        var told = Told<AccountScreen>()
        told.tell(.loaded(account))
        #expect(told.tell(.phone(.accountRemoved(id: "a2", end: .revoked))).isEmpty)
        #expect(told.tell(.phone(.accountRemoved(id: "a1", end: .moved))) == [.close])
    }
}
