package web

import "strings"

// negotiate returns the coding among offers that a client likes best, by the
// value of its Accept-Encoding (RFC 9110, 12.5.3); of those that it likes the
// same, the first. It returns "" for the content as it is: when the client does
// not want any of them, likes that better, or says nothing. Content that no
// coding makes acceptable is sent as it is, too. Malformed elements are skipped.
func negotiate(accept string, offers ...string) string {
	const unsaid = -1
	weights, identity, star := [4]int{unsaid, unsaid, unsaid, unsaid}, unsaid, unsaid
	for accept != "" {
		var element string
		element, accept, _ = strings.Cut(accept, ",")
		name, weight, ok := parseCoding(element)
		switch {
		case !ok:
		case name == "*":
			star = weight
		case strings.EqualFold(name, "identity"):
			identity = weight
		default:
			for i, offer := range offers {
				if isCoding(name, offer) {
					weights[i] = weight
				}
			}
		}
	}
	if identity == unsaid {
		identity = max(0, star)
	}
	best, most := "", 0
	for i, offer := range offers {
		weight := weights[i]
		if weight == unsaid {
			weight = star
		}
		if weight > most && weight >= identity {
			best, most = offer, weight
		}
	}
	return best
}

// isCoding compares codings; x-gzip is another name of gzip (RFC 9110, 8.4.1.3).
func isCoding(name, coding string) bool {
	return strings.EqualFold(name, coding) || coding == "gzip" && strings.EqualFold(name, "x-gzip")
}

// parseCoding reads an element of Accept-Encoding: a coding and its weight, in
// thousandths.
func parseCoding(element string) (name string, weight int, ok bool) {
	name, rest, weighed := strings.Cut(element, ";")
	name = strings.Trim(name, " \t")
	for i := 0; i < len(name); i++ {
		if !isToken(name[i]) {
			return "", 0, false
		}
	}
	if !weighed {
		return name, 1000, name != ""
	}
	key, value, _ := strings.Cut(strings.Trim(rest, " \t"), "=")
	if !strings.EqualFold(key, "q") {
		return "", 0, false
	}
	weight, ok = parseWeight(value)
	return name, weight, ok && name != ""
}

// parseWeight reads a qvalue (RFC 9110, 12.4.2), in thousandths.
func parseWeight(s string) (int, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	if whole != "0" && whole != "1" || len(fraction) > 3 || fraction != "" && !isDigits(fraction) {
		return 0, false
	}
	weight, unit := int(whole[0]-'0')*1000, 100
	for _, digit := range []byte(fraction) {
		weight += int(digit-'0') * unit
		unit /= 10
	}
	return weight, weight <= 1000
}
