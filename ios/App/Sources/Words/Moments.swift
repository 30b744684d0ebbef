// Days and times in the language of the app, which need not be the phone's.

import Foundation
import NodKit

struct Moments {
    private let words: Words
    private let now: UInt64
    private let locale: Locale

    /// `now` is in milliseconds since 1970.
    init(_ words: Words, now: UInt64) {
        self.words = words
        self.now = now
        locale = Locale(identifier: words.language.tag)
    }

    /// “Today”, “Yesterday”, or the date.
    func day(_ moment: UInt64) -> String {
        let calendar = Calendar.current
        let (date, today) = (Self.date(moment), Self.date(now))
        if calendar.isDate(date, inSameDayAs: today) { return words.text(.historyToday) }
        if let yesterday = calendar.date(byAdding: .day, value: -1, to: today),
            calendar.isDate(date, inSameDayAs: yesterday)
        {
            return words.text(.historyYesterday)
        }
        return longDate(moment)
    }

    /// The date in words.
    func longDate(_ moment: UInt64) -> String {
        Self.date(moment).formatted(Date.FormatStyle(date: .long, time: .omitted, locale: locale))
    }

    /// The time of day.
    func time(_ moment: UInt64) -> String {
        Self.date(moment).formatted(Date.FormatStyle(date: .omitted, time: .shortened, locale: locale))
    }

    private static func date(_ milliseconds: UInt64) -> Date {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    }
}
