#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# demo - `make demo` for root, who sees it all, and for others, who are told what they do not see

load lib

setup() {
	prepare
}

teardown() {
	[ ! -d "${COPY:-}" ] || rm -r "$COPY"
	finish
}

@test "the demo holds, and shows the kernel's limits and devices" {
	VMCG=$VMCG VMPROCESS=$VMPROCESS "$TOP/tests/demo" >"$T/demo" 2>&1 || fail "$(cat "$T/demo")"
	grep -q "All of it held" "$T/demo"
	grep -q "ok .*pids.max *256" "$T/demo"
	[ ! -c /dev/kvm ] || grep -q "ok .*opens /dev/kvm" "$T/demo"
	grep -q "ok .*may not open" "$T/demo"
	grep -q "ok .*pids.max *64" "$T/demo"
	grep -q "ok .*may not any more" "$T/demo"
	grep -q "ok .*they differ" "$T/demo"
	grep -q "ok .*repaired" "$T/demo"
	grep -q "ok .*nothing is left" "$T/demo"
}

@test "the demo fails when something does not hold" {
	# A hook that reports success and does nothing.
	cat >"$T/idle" <<-END
		#!/bin/sh
		case " \$* " in
		*" createRuntime "* | *" poststop "*) exit 0 ;;
		esac
		exec "$VMCG" "\$@"
	END
	chmod +x "$T/idle"
	status=0
	VMCG=$T/idle VMPROCESS=$VMPROCESS "$TOP/tests/demo" >"$T/demo" 2>&1 || status=$?
	[ "$status" -eq 1 ]
	! grep -q "All of it held" "$T/demo" || fail "$(cat "$T/demo")"
}

@test "without root the demo shows the plan and says what it leaves out" {
	COPY=$(mktemp -d "/tmp/$NAME.XXXXXX")
	chmod 755 "$COPY"
	cp "$VMCG" "$VMPROCESS" "$TOP/tests/demo" "$COPY"
	status=0
	(cd / && env VMCG="$COPY/vmcg" VMPROCESS="$COPY/vmprocess" setpriv --reuid 65534 --regid 65534 \
		--clear-groups "$COPY/demo") >"$T/demo" 2>&1 || status=$?
	[ "$status" -eq 0 ] || fail "$(cat "$T/demo")"
	grep -q "skipped: not root" "$T/demo"
	grep -q "write .*pids.max = 256" "$T/demo"
}
