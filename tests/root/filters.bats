#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# filters - the device filters that others made, changed while the VM runs, and what a change that failed or was killed leaves

load lib
load operate

setup() {
	prepare
	find_spare
	OTHER="c 10:229 rw"
	[ "$SPARE_RULE" != "c 10:229" ] || OTHER="c 10:200 rw"
}

teardown() {
	finish
}

# in_runtimes_group open|closed FILTER: a container whose group a runtime made, its device list open, or closed but for a few.
in_runtimes_group() {
	local mount rule list

	[ "$(version_of devices)" = 1 ] || cannot "no cgroup v1 hierarchy for devices is mounted"
	make_group "$CG"
	list=$(controller_path devices)
	if [ "$1" = closed ]; then
		echo a >"$list/devices.deny"
		for rule in "c 1:3 rwm" "c *:* m" "$OTHER"; do echo "$rule" >"$list/devices.allow"; done
	fi
	start_vm
	while read -r mount; do echo "$VM" >"$mount$CG/cgroup.procs"; done < <(hierarchies)
	limits "$2"
	hook createRuntime "$VM"
	expect 0
	[ "$(record .mode)" = adopt ]
	LIST=$list/devices.list
}

# A rule of a config for the spare device.
spare_rule() {
	local numbers=${SPARE_RULE#c }

	echo "{allow: ${1:-true}, type: \"c\", major: ${numbers%:*}, minor: ${numbers#*:}, access: \"rw\"}"
}

destroyed() {
	vmcg destroy "$ID"
	expect 0
}

@test "rules that an update gave are taken out by the next, and at the end" {
	in_runtimes_group closed .
	change "{devices: [$(spare_rule)]}"
	expect 0
	opens "$SPARE"
	change '{devices: [{allow: true, type: "c", major: 1, minor: 3, access: "rwm"}]}'
	expect 0
	denied "$SPARE"
	grep -qx "$OTHER" "$LIST" || fail "what the runtime allowed is its own"
	change "{devices: [$(spare_rule)]}"
	expect 0
	destroyed
	denied "$SPARE"
}

@test "what an update of the rules took out of the runtime's list comes back at the end" {
	in_runtimes_group closed ".devices = [$(spare_rule)]"
	change '{devices: [{allow: true, type: "c", major: 1, minor: 3, access: "rwm"}]}'
	expect 0
	denied "$SPARE"
	vmcg check "$ID"
	expect 0
	destroyed
	# the runtime's list never had it: it was the config's
	denied "$SPARE"
	grep -qx "$OTHER" "$LIST"
}

@test "an open list: what is removed is denied, and allowed again at the end" {
	for filter in '.devices = [{allow: true, access: "rwm"}]' .; do
		in_runtimes_group open "$filter"
		opens "$SPARE"
		device remove "$ID" /dev/kvm
		expect 0
		[ ! -c /dev/kvm ] || denied /dev/kvm
		opens /dev/null
		device add "$ID" /dev/kvm
		expect 0
		[ ! -c /dev/kvm ] || opens /dev/kvm
		device remove "$ID" /dev/kvm
		destroyed
		[ ! -c /dev/kvm ] || opens /dev/kvm
		ended "$VM"
		remove_groups
	done
}

@test "policy's denials hold on an open list, too" {
	echo "{\"devices\": {\"deny\": [\"$SPARE\"]}}" >"$POLICY"
	in_runtimes_group open '.devices = [{allow: true, access: "rwm"}]'
	denied "$SPARE"
	destroyed
	opens "$SPARE"
}

@test "an update that allows everything opens the list, and its end closes it again" {
	in_runtimes_group closed .
	change '{devices: [{allow: true, access: "rwm"}]}'
	expect 0
	opens "$SPARE"
	vmcg check "$ID"
	expect 0
	destroyed
	denied "$SPARE"
	before=$(printf '%s\n' "c 1:3 rwm" "c *:* m" "$OTHER" | sort)
	[ "$(sort "$LIST")" = "$before" ] || fail "$(diff <(echo "$before") <(sort "$LIST"))"
}

@test "an open list is not narrowed while the VM runs" {
	in_runtimes_group open '.devices = [{allow: true, access: "rwm"}]'
	change '{devices: [{allow: false, access: "rwm"}]}'
	expect 5 "a running VM is not put through" "everything was undone"
	opens "$SPARE"
	vmcg check "$ID"
	expect 0
	destroyed
}

@test "own, everything allowed but a device: a failed update denies that one again" {
	need_test_build
	[ "$(version_of devices)" = 1 ] || cannot "no cgroup v1 hierarchy for devices is mounted"
	running ".memory.limit = 268435456 | .devices = [{allow: true, access: \"rwm\"}, $(spare_rule false)]"
	denied "$SPARE"
	opens /dev/null
	for ((k = 1, failed = 0; ; k++)); do
		VMCG=$VMCG_TEST VMCG_FAULT=$k:28 change '{memory: {limit: 134217728},
			devices: [{allow: true, access: "rwm"}, {allow: false, type: "c", major: 1, minor: 3, access: "rw"}]}'
		[ "$status" != 0 ] || break
		expect 5 "fault on purpose" "everything was undone" || fail "step $k"
		denied "$SPARE" || fail "step $k"
		opens /dev/null || fail "step $k"
		failed=$k
	done
	[ "$failed" -ge 2 ]
	opens "$SPARE"
	denied /dev/null
	poststop
}

@test "a VM beside init in a group of its own gets its devices there" {
	local list rule mount

	[ "$(version_of devices)" = 1 ] || cannot "no cgroup v1 hierarchy for devices is mounted"
	for child in init vm; do
		make_group "$CG/$child"
		list=$(controller_path devices)/$child
		echo a >"$list/devices.deny"
		for rule in "c 1:3 rwm" "c *:* m"; do echo "$rule" >"$list/devices.allow"; done
	done
	start_vm
	sleep 900 3>&- &
	INIT=$!
	STARTED+=("$INIT")
	disown "$INIT"
	while read -r mount; do
		echo "$INIT" >"$mount$CG/init/cgroup.procs"
		echo "$VM" >"$mount$CG/vm/cgroup.procs"
	done < <(hierarchies)
	limits .
	hook createRuntime "$INIT" --vm-pid "$VM"
	expect 0
	[ ! -c /dev/kvm ] || opens /dev/kvm
	device add "$ID" "$SPARE"
	expect 0
	opens "$SPARE"
	destroyed
	denied "$SPARE"
}

@test "killed between the record and the value: the end still goes back to before setup" {
	[ "$(version_of pids)" = 1 ] || cannot "no cgroup v1 hierarchy for pids is mounted"
	in_runtimes_group closed '.pids.limit = 20'
	[ "$(cgfile pids pids.max)" = 20 ]
	jq -n '{pids: {limit: 30}}' >"$T/change"
	status=0
	strace -f -o "$T/trace" -e trace=write -P "$(controller_path pids)/pids.max" -e inject=write:signal=KILL:when=1 \
		"$VMCG" --root "$ROOT" --policy "$POLICY" --resources "$T/change" update "$ID" || status=$?
	[ "$status" = 137 ]
	[ "$(cgfile pids pids.max)" = 20 ]
	destroyed
	[ "$(cgfile pids pids.max)" = max ]
}

@test "killed between the record and the list: a device that was to be removed goes at the end" {
	in_runtimes_group closed .
	device add "$ID" "$SPARE"
	expect 0
	status=0
	strace -f -o "$T/trace" -e trace=write -P "$(controller_path devices)/devices.deny" -e inject=write:signal=KILL:when=1 \
		"$VMCG" --root "$ROOT" --policy "$POLICY" device remove "$ID" "$SPARE" || status=$?
	[ "$status" = 137 ]
	opens "$SPARE"
	destroyed
	denied "$SPARE"
}

@test "a group that somebody has made anew is not entered" {
	local mount

	running '.pids.limit = 50'
	while read -r mount; do
		echo "$VM" >"$mount/cgroup.procs"
		rmdir "$mount$CG"
	done < <(hierarchies)
	make_group "$CG"
	sleep 900 3>&- &
	STARTED+=($!)
	disown
	while read -r mount; do echo "${STARTED[-1]}" >"$mount$CG/cgroup.procs"; done < <(hierarchies)
	vmcg check "$ID"
	expect 7 "vmcg destroy $ID drops the record"
	vmcg update "$ID"
	expect 4 "somebody has removed it and made another in its place"
	destroyed
	[ "$(cgfile pids pids.max)" = max ]
	[ "$(cat "$(controller_path pids)/cgroup.procs")" = "${STARTED[-1]}" ]
}
