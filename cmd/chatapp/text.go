package main

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What people may type, in characters (code points). assets/chat.js has the
// same numbers; a test compares them.
const (
	maxNick    = 48
	maxMessage = 2000
	maxMarks   = 4 // accents on one letter
)

// A complaint is an error whose text is written for the person who caused it.
type complaint string

func (c complaint) Error() string { return string(c) }

// What is wrong with what somebody typed.
const (
	errNickEmpty    = complaint("Please choose a nickname.")
	errNickLong     = complaint("This nickname is too long: 48 characters is the limit.")
	errNickChars    = complaint("A nickname is made of characters that can be seen.")
	errMessageEmpty = complaint("There is nothing to send.")
	errMessageLong  = complaint("This message is too long: 2000 characters is the limit.")
)

// cleanNick trims a nickname and makes each run of white space one space. All
// that can be seen is allowed, in any script; nothing that cannot.
func cleanNick(nick string) (string, error) {
	if !utf8.ValidString(nick) {
		return "", errNickChars
	}
	nick = strings.Join(strings.Fields(nick), " ")
	switch {
	case nick == "":
		return "", errNickEmpty
	case utf8.RuneCountInString(nick) > maxNick:
		return "", errNickLong
	}
	marks := maxMarks // so that a nickname cannot begin with one
	for _, r := range nick {
		switch {
		case !unicode.IsPrint(r), strings.ContainsRune(blanks, r):
			return "", errNickChars
		case !unicode.IsMark(r):
			marks = 0
		case marks == maxMarks:
			return "", errNickChars
		default:
			marks++
		}
	}
	return nick, nil
}

// blanks are letters and symbols by their category that look like nothing.
const blanks = "\u115f\u1160\u2800\u3164\uffa0"

// foldNick returns the same key for nicknames that are the same to a reader's
// eye in the plain cases: case, full-width forms, and letters whose accent may
// be written as a character of its own. It does not know look-alikes of other
// scripts.
func foldNick(nick string) string {
	var b strings.Builder
	for _, r := range nick {
		if r >= 0xff01 && r <= 0xff5e {
			r -= 0xff01 - '!' // full width
		}
		if r >= 0xfe00 && r <= 0xfe0f {
			continue // a variation selector says how to draw the one before it
		}
		r = foldCase(r)
		if d, ok := decomposed[r]; ok {
			b.WriteString(d)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// foldCase returns one rune for all the cases of a letter.
func foldCase(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return unicode.ToUpper(least)
}

// decomposed takes an accented capital letter apart, as Unicode's canonical
// decomposition does, for the letters of European alphabets.
var decomposed = func() map[rune]string {
	table := make(map[rune]string)
	for _, row := range []struct{ mark, whole, base string }{
		{"\u0300", "ÀÈÌÒÙǸ", "AEIOUN"},
		{"\u0301", "ÁÉÍÓÚÝĆĹŃŔŚŹΆΈΉΊΌΎΏ", "AEIOUYCLNRSZΑΕΗΙΟΥΩ"},
		{"\u0302", "ÂÊÎÔÛĈĜĤĴŜŴŶ", "AEIOUCGHJSWY"},
		{"\u0303", "ÃÑÕĨŨ", "ANOIU"},
		{"\u0304", "ĀĒĪŌŪ", "AEIOU"},
		{"\u0306", "ĂĔĞĬŎŬЙ", "AEGIOUИ"},
		{"\u0307", "ĊĖĠİŻ", "CEGIZ"},
		{"\u0308", "ÄËÏÖÜŸЁЇ", "AEIOUYЕІ"},
		{"\u030a", "ÅŮ", "AU"},
		{"\u030b", "ŐŰ", "OU"},
		{"\u030c", "ČĎĚŇŘŠŤŽ", "CDENRSTZ"},
		{"\u0327", "ÇĢĶĻŅŖŞŢ", "CGKLNRST"},
		{"\u0328", "ĄĘĮŲ", "AEIU"},
	} {
		base := []rune(row.base)
		for i, r := range []rune(row.whole) {
			table[r] = string(base[i]) + row.mark
		}
	}
	return table
}()

// cleanMessage trims a message, drops control characters but line breaks and
// tabs, as well as those that turn the direction of what follows (the page sees
// to each message's direction by itself), and shortens a pile of empty lines to
// one.
func cleanMessage(text string) (string, error) {
	text = strings.ToValidUTF8(text, "\ufffd")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	breaks := 0
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029':
			if breaks++; breaks > 2 {
				return -1
			}
			return '\n'
		case r != '\t' && unicode.IsControl(r), turnsDirection(r):
			return -1
		}
		if !unicode.IsSpace(r) {
			breaks = 0
		}
		return r
	}, text)
	text = strings.TrimSpace(text)
	switch {
	case strings.TrimFunc(text, unseen) == "":
		return "", errMessageEmpty
	case utf8.RuneCountInString(text) > maxMessage:
		return "", errMessageLong
	}
	return text, nil
}

// turnsDirection reports whether r is one of Unicode's embeddings, overrides and
// isolates: with them a text can be made to look like another one. The marks for
// a single place (U+200E and the like) are harmless, and needed.
func turnsDirection(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// unseen reports whether a message made of such runes only would look empty.
func unseen(r rune) bool {
	return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(blanks, r)
}
