package federation

import "net/netip"

// Admit lets tests ask about addresses that no test may connect to.
func (r *Reader) Admit(host string, a netip.Addr) error { return r.admit(host, a) }
