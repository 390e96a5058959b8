#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# gc - dead scopes, and vmcg-gc.service as it is installed: hardened, started by the systemd that is
# process 1 here

load matrix

setup() {
	place own systemd
	VMS=()
}

teardown() {
	if [ "${INSTALLED:-}" ]; then
		rm -f /usr/local/sbin/vmcg /run/systemd/system/vmcg-gc.service
		systemctl daemon-reload
		systemctl reset-failed vmcg-gc.service 2>/dev/null || true
	fi
	clear_away
}

# A VM of its own for the container $NAME-WORD, in a scope.
in_scope() {
	ID=$NAME-$1 CG=system.slice:$NAME:$1 TARGET=/system.slice/$NAME-$1.scope
	start_vm
	limits '.memory.limit = 268435456 | .pids.limit = 64'
	hook createRuntime "$VM"
	expect 0 || return
	VMS+=("$VM")
	inside "$VM"
}

# The same in a group that vmcg makes itself.
in_group() {
	ID=$NAME-$1 CG=/$NAME/$1
	start_vm
	limits '.memory.limit = 268435456 | .pids.limit = 64'
	hook createRuntime "$VM"
	expect 0 || return
	VMS+=("$VM")
}

# Killed in the middle: only systemd knows whether its scope is there.
half_done() {
	jq -c '.status = "intent"' "$ROOT/$ID.json" >"$T/edited"
	cat "$T/edited" >"$ROOT/$ID.json"
}

end_vms() {
	local vm

	for vm in "${VMS[@]}"; do
		kill -KILL "$vm"
		wait_until ! kill -0 "$vm" 2>/dev/null
	done
	VMS=()
}

# said WORD ACTION
said() {
	jq -e --arg id "$NAME-$1" --arg action "$2" 'any(.[]; .id == $id and .action == $action)' "$T/out" >/dev/null ||
		fail "$1 is not \"$2\":" "$out"
}

@test "gc: dead scopes and a dead group go, a living scope stays" {
	in_scope a
	half_done
	in_scope b
	half_done
	in_group c
	in_scope d
	end_vms
	in_scope e
	living=$VM
	vmcg --format json gc
	expect 0
	for word in a b c d; do
		said $word "taken down"
		[ ! -e "$ROOT/$NAME-$word.json" ]
	done
	said e lives
	inside "$living"
	vmcg destroy "$NAME-e"
	expect 0
	nothing_left
}

@test "gc: systemd cannot be reached, and what does not need it goes all the same" {
	in_scope a
	half_done
	in_group c
	end_vms
	cat >"$T/vmcg" <<-END
		#!/bin/sh
		exec unshare -m sh -e -c 'mount --bind /dev/null /run/systemd/private
			mount --bind /dev/null /run/dbus/system_bus_socket
			exec "\$0" "\$@"' "$VMCG" "\$@"
	END
	chmod +x "$T/vmcg"
	VMCG=$T/vmcg vmcg --format json gc
	expect 6 "$NAME-a"
	said a failed
	said c "taken down"
	vmcg --format json gc
	expect 0
	said a "taken down"
	nothing_left
}

@test "gc: the unit takes down the dead, leaves the living alone, and fails when something cannot be read" {
	[ ! -e /usr/local/sbin/vmcg ] || fail "vmcg is installed here"
	INSTALLED=1
	cp "$VMCG" /usr/local/sbin/vmcg
	mkdir -p /run/systemd/system
	cp "$TOP/docs/examples/systemd/vmcg-gc.service" /run/systemd/system/
	systemctl daemon-reload
	said=$(systemd-analyze verify --man=no /run/systemd/system/vmcg-gc.service 2>&1)
	[ -z "$said" ] || fail "$said"
	rm -r "$ROOT"
	ROOT=/run/vmcg
	# without any record, and without a run directory
	systemctl start vmcg-gc.service

	in_scope a
	half_done
	in_group c
	in_scope d
	end_vms
	in_scope e
	living=$VM
	systemctl start vmcg-gc.service || fail "$(journalctl -b -u vmcg-gc.service)"
	[ "$(cd "$ROOT" && echo *.json)" = "$NAME-e.json" ]
	inside "$living"
	journalctl -b -u vmcg-gc.service -o cat | grep -q "^$NAME-e  *lives "

	cp "$ROOT/$NAME-e.json" "$T/whole"
	head -c 100 "$T/whole" >"$ROOT/$NAME-e.json"
	! systemctl start vmcg-gc.service || fail "succeeded"
	[ "$(systemctl show --value -p ExecMainStatus vmcg-gc.service)" = 4 ]
	inside "$living"
	cp "$T/whole" "$ROOT/$NAME-e.json"
	vmcg destroy "$NAME-e"
	expect 0
	nothing_left
}
