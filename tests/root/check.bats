#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# check - each kind of drift on real groups, made by hand: found, named, and repaired by update; and
# nothing is written

load lib
load drift

setup() {
	prepare
}

teardown() {
	finish
}

# A VM with limits of several kinds.
set_up() {
	start_vm
	limits '.memory.limit = 268435456 | .pids.limit = 20 | .cpu = {quota: 50000, period: 100000, shares: 512} |
		.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 10, minor: 229, access: "rw"}]'"${1:+ | $1}"
	hook createRuntime "$VM"
	expect 0
}

need_v1() {
	[ "$(version_of "$1")" = 1 ] || cannot "no cgroup v1 hierarchy for $1 is mounted"
}

need_v2_hugetlb() {
	has_controller hugetlb && [ "$(version_of hugetlb)" = 2 ] || cannot "no hugetlb on a v2 tree of this host"
}

@test "a setup that nobody touched is as recorded" {
	set_up
	before=$(snapshot)
	as_recorded
	vmcg check "$ID"
	[[ $out =~ ^"$ID: as recorded ("[4-6]" settings, 1 device filter)"$ ]]
	unchanged "$before"
	poststop
	expect 0
}

@test "nothing is written: no control file, no record, no program, no group" {
	set_up
	set_file pids pids.max 30
	before=$(snapshot)
	record=$(sha256sum "$ROOT/$ID.json")
	status=0
	# A leak checker does not work under strace.
	ASAN_OPTIONS=detect_leaks=0 strace -f -yy -o "$T/trace" "$VMCG" --root "$ROOT" check "$ID" >"$T/out" 2>"$T/err" || status=$?
	[ "$status" -eq 7 ]
	# That strace has seen it at all: the file that differs was read.
	grep -q pids.max "$T/trace"
	opened=$(grep -E 'O_WRONLY|O_RDWR|O_CREAT' "$T/trace" | grep -vF -e "$ID.lock" -e /dev/null || true)
	changed=$(grep -E '^[0-9]+ +(mkdir|rmdir|unlink|rename|fsetxattr|kill|pidfd_send|sched_seta)' "$T/trace" || true)
	written=$(grep -E '^[0-9]+ +p?write' "$T/trace" | grep -vE 'write\([12]<' || true)
	programs=$(grep -E 'BPF_PROG_(ATTACH|DETACH)|BPF_LINK' "$T/trace" || true)
	[ -z "$opened$changed$written$programs" ] ||
		fail "it changes something:" "$opened" "$changed" "$written" "$programs"
	[ "$record" = "$(sha256sum "$ROOT/$ID.json")" ]
	unchanged "$before"
	poststop
	expect 0
}

# --- values ---

@test "a memory limit" {
	set_up
	file=memory.limit_in_bytes
	[ "$(version_of memory)" = 1 ] || file=memory.max
	set_file memory $file 134217728
	drifted "value|*$CG/$file|268435456|134217728"
	[[ $out = *"/linux/resources/memory/limit"* ]]
	[[ $err = *"1 difference; vmcg update $ID applies what was recorded"* ]]
	set_file memory $file 268435456
	as_recorded
	set_file memory $file 134217728
	repaired
	poststop
	expect 0
}

@test "the number of processes, lifted" {
	set_up
	set_file pids pids.max max
	drifted "value|*$CG/pids.max|20|max"
	repaired
	[ "$(cgfile pids pids.max)" = 20 ]
	poststop
	expect 0
}

@test "quota and shares, in the order of the record" {
	set_up
	if [ "$(version_of cpu)" = 1 ]; then
		set_file cpu cpu.cfs_quota_us -1
		set_file cpu cpu.shares 1024
		drifted "value|*/cpu.shares|512|1024" "value|*/cpu.cfs_quota_us|50000|-1"
	else
		set_file cpu cpu.max "max 100000"
		set_file cpu cpu.weight 100
		drifted "value|*/cpu.weight|59|100" "value|*/cpu.max|50000 100000|max 100000"
	fi
	[[ $err = *"2 differences"* ]]
	repaired
	poststop
	expect 0
}

@test "what the kernel spells in another way is no difference" {
	set_up '.memory.limit = 268436000 | .cpu.cpus = "0-0"'
	as_recorded
	poststop
	expect 0
}

@test "huge pages on the v2 tree, and their controller not handed down any more" {
	need_v2_hugetlb
	CG=/$NAME/vm
	start_vm
	limits '.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
	hook createRuntime "$VM"
	expect 0
	as_recorded
	set_file hugetlb hugetlb.2MB.max 0
	drifted "value|*/hugetlb.2MB.max|4194304|0"
	repaired
	# One row: the files that went with the controller are no news.
	echo -hugetlb >"${MOUNT[unified]}/$NAME/cgroup.subtree_control"
	drifted "controllers|*/$NAME/cgroup.subtree_control|hugetlb|"
	repaired
	[ "$(cgfile hugetlb hugetlb.2MB.max)" = 4194304 ]
	poststop
	expect 0
}

@test "a file that is set twice: only the later word counts" {
	need_v2_hugetlb
	start_vm
	limits '.hugepageLimits = [{pageSize: "2MB", limit: 4194304}] | .unified = {"hugetlb.2MB.max": "8388608"}'
	hook createRuntime "$VM"
	expect 0
	as_recorded
	set_file hugetlb hugetlb.2MB.max 4194304
	drifted "value|*/hugetlb.2MB.max|8388608|4194304"
	poststop
	expect 0
}

# --- devices, v1 ---

@test "a device is denied, another allowed" {
	need_v1 devices
	set_up
	list=$(controller_path devices)/devices
	echo "c 10:229 w" >"$list.deny"
	drifted "devices|$list.list|c 10:229 rw|c 10:229 r"
	echo "b 8:0 r" >"$list.allow"
	drifted "devices|$list.list|c 10:229 rw|c 10:229 r" "devices|$list.list|-|b 8:0 r"
	repaired
	echo "c 10:229 rw" >"$list.deny"
	drifted "devices|$list.list|c 10:229 rw|-"
	repaired
	echo "a" >"$list.allow"
	drifted "devices|$list.list|default deny|default allow"
	repaired
	opens /dev/null
	poststop
	expect 0
}

@test "what a killed change has left frozen" {
	need_v1 freezer
	set_up
	set_file freezer freezer.state FROZEN
	as_recorded # by somebody else: it is not vmcg's to judge
	edit '.frozen = true'
	wait_until grep -q FROZEN "$(controller_path freezer)/freezer.state"
	drifted "value|*/freezer.state|THAWED|FROZEN"
	repaired
	[ "$(cgfile freezer freezer.state)" = THAWED ]
	poststop
	expect 0
}

# --- devices, v2 ---

# On a host with v1 devices the record is told that there are none, and the program that setup would
# have made is attached by hand. $T/record is the real one.
with_program() {
	local rules

	set_up
	cp "$ROOT/$ID.json" "$T/record"
	[ "$(version_of devices)" = 2 ] && return
	edit '.mounts |= map(select(.name != "devices"))'
	mapfile -t rules < <(recorded_rules)
	program attach vmcg "${rules[@]}"
}

take_down() {
	cat "$T/record" >"$ROOT/$ID.json"
	poststop
	expect 0
}

@test "our device program: there, gone, another, twice" {
	[ "${MOUNT[unified]:-}" ] || cannot "no cgroup v2 tree on this host"
	with_program
	as_recorded
	where=${MOUNT[unified]}$CG
	program detach vmcg
	drifted "devices|$where|vmcg_dev *|-"
	program attach vmcg "c 1:3 rw"
	drifted "devices|$where|vmcg_dev *|vmcg_dev *"
	mapfile -t rules < <(recorded_rules)
	program attach vmcg "${rules[@]}"
	drifted "program|$where|1 device program of vmcg|2 device programs of vmcg"
	take_down
}

@test "programs of others beside ours" {
	[ "${MOUNT[unified]:-}" ] || cannot "no cgroup v2 tree on this host"
	with_program
	where=${MOUNT[unified]}$CG
	program attach other
	drifted "program|$where|-|1 foreign device program"
	program attach other
	drifted "program|$where|-|2 foreign device programs"
	program detach other
	program detach other
	as_recorded
	# systemd's is nobody's business here: it does not manage this group
	program attach systemd
	drifted "program|$where|-|1 foreign device program"
	take_down
}

# --- groups and processes ---

@test "the VM is moved elsewhere, in one hierarchy or in all; a child group is its place" {
	set_up
	make_group "/$NAME-elsewhere"
	mkdir "$(controller_path pids)/child"
	move_vm pids "$CG/child"
	as_recorded
	move_vm pids "/$NAME-elsewhere"
	mount=$(controller_mount pids)
	drifted "process|process $VM (vmprocess)|$mount$CG|$mount/$NAME-elsewhere"
	rmdir "$mount$CG/child"
	repaired
	for mount in $(hierarchies); do
		echo "$VM" >"$mount/$NAME-elsewhere/cgroup.procs"
	done
	check
	expect 7
	[ "$(jq '.drift | length' "$T/out")" -eq "$(hierarchies | wc -l)" ]
	[ "$(jq -c '.drift | map(.what) | unique' "$T/out")" = '["process"]' ]
	repaired
	sits_in "$VM" "$CG"
	poststop
	expect 0
}

@test "a directory is gone: one row, and not one for what was in it" {
	set_up
	move_vm pids /
	rmdir "$(controller_path pids)"
	drifted "group|$(controller_mount pids)$CG|there|gone"
	if [ "$(version_of pids)" = 1 ]; then
		repaired
		[ "$(cgfile pids pids.max)" = 20 ]
		sits_in "$VM" "$CG"
	fi
	poststop
	expect 0
}

@test "a directory of that name which somebody else made" {
	need_v1 pids
	set_up
	dir=$(controller_path pids)
	move_vm pids /
	rmdir "$dir"
	mkdir "$dir"
	move_vm pids "$CG"
	echo 20 >"$dir/pids.max"
	drifted "group|$dir|made by vmcg|made by another"
	move_vm pids /
	rmdir "$dir"
	poststop
	expect 0
}

@test "the VM is gone: that, and a way out that helps" {
	set_up
	end_vm "$VM"
	drifted "process|process $VM (vmprocess)|running|gone"
	[[ $err = *"the VM is gone; vmcg destroy $ID"* ]]
	vmcg destroy "$ID"
	expect 0
}

@test "the VM's number is another's: it is gone as well" {
	set_up
	edit '.vm.start += 1'
	drifted "process|process $VM (vmprocess)|running|gone"
	edit '.vm.start -= 1'
	poststop
	expect 0
}

@test "a group for a VM that nobody has named yet" {
	limits '.pids.limit = 20'
	hook createRuntime 0 --vm-pid-file "$T/later"
	expect 0
	as_recorded
	set_file pids pids.max 30
	drifted "value|*/pids.max|20|30"
	poststop
	expect 0
}

@test "processes that were added: moved is a difference, ended is none" {
	set_up
	vm=$VM
	start_vm
	vmcg add "$ID" "$VM"
	expect 0
	as_recorded
	move_vm pids /
	mount=$(controller_mount pids)
	drifted "process|process $VM (vmprocess)|$mount$CG|$mount"
	repaired
	sits_in "$VM" "$CG"
	end_vm "$VM"
	as_recorded
	VM=$vm
	poststop
	expect 0
}

# --- adopt ---

# The container's init sits in a group that its runtime made, with a device list of its own on v1.
adopt() {
	local dir

	make_group "$CG"
	dir=$(controller_path devices)
	if [ "$(version_of devices)" = 1 ]; then
		echo a >"$dir/devices.deny"
		for rule in "c 1:3 rwm" "c 10:229 rw" "c *:* m"; do
			echo "$rule" >"$dir/devices.allow"
		done
	fi
	start_vm
	for mount in $(hierarchies); do
		echo "$VM" >"$mount$CG/cgroup.procs"
	done
	limits '.pids.limit = 20'
	hook createRuntime "$VM"
	expect 0
	[ "$(record .mode)" = adopt ]
}

@test "adopt: values, the place, and what the list must have and must not" {
	need_v1 devices
	[ ! -c /dev/fuse ] || jq -n '{devices: {deny: ["/dev/fuse"]}}' >"$POLICY"
	adopt
	as_recorded
	list=$(controller_path devices)/devices
	cat "$list.list" >"$T/list"
	# The list is the runtime's: what it allows more is its business.
	echo "b 8:0 r" >"$list.allow"
	as_recorded
	set_file pids pids.max 30
	echo "c 10:232 w" >"$list.deny"
	drifted "value|*/pids.max|20|30" "devices|$list.list|c 10:232 rwm|c 10:232 rm"
	repaired
	if [ -c /dev/fuse ]; then
		echo "c 10:229 r" >"$list.allow"
		drifted "devices|$list.list|-|c 10:229 r"
		repaired
	fi
	echo a >"$list.allow"
	if [ -c /dev/fuse ]; then
		drifted "devices|$list.list|default deny|default allow"
	else
		as_recorded
	fi
	echo a >"$list.deny"
	while read -r rule; do
		echo "$rule" >"$list.allow"
	done <"$T/list"
	move_vm pids /
	drifted "process|process $VM (vmprocess)|*$CG|*"
	move_vm pids "$CG"
	as_recorded
	poststop
	expect 0
}

# --- what cannot be compared ---

@test "no record, no such name, and the wrong number of arguments" {
	vmcg check "$ID"
	expect 4 "no record of container $ID" "vmcg list"
	[ -z "$out" ]
	ROOT=$T/nowhere vmcg check "$ID"
	expect 4 "no record"
	[ ! -e "$T/nowhere" ]
	vmcg check ../x
	expect 3
	vmcg check
	expect 2
}

@test "another boot, a setup or a teardown that is half-done: exit 4, and the way out" {
	set_up
	cp "$ROOT/$ID.json" "$T/record"
	before=$(snapshot)
	edit '.boot = "00000000-0000-0000-0000-000000000000"'
	vmcg check "$ID"
	expect 4 rebooted "vmcg gc" "vmcg destroy $ID"
	[ -z "$out" ]
	cat "$T/record" >"$ROOT/$ID.json"
	edit '.status = "intent"'
	vmcg check "$ID"
	expect 4 "setup" half-done createRuntime "vmcg destroy $ID" "vmcg gc"
	edit '.status = "leaving"'
	vmcg check "$ID"
	expect 4 "teardown" half-done "vmcg destroy $ID" "vmcg gc"
	echo '{' >"$ROOT/$ID.json"
	vmcg check "$ID"
	expect 4 "$ID.json"
	cat "$T/record" >"$ROOT/$ID.json"
	unchanged "$before"
	poststop
	expect 0
}

@test "the host does not let us look, or systemd does not answer: never a silent pass" {
	set_up
	cp "$ROOT/$ID.json" "$T/record"
	edit '.mounts |= map(.path = "/no/such/cgroup")'
	vmcg check "$ID"
	expect 4 /no/such/cgroup
	[ -z "$out" ]
	cat "$T/record" >"$ROOT/$ID.json"
	if [ ! -d /run/systemd/system ]; then
		edit '.unit = "vm-x.scope" | .slice = "a.slice" | .manager = "systemd"'
		vmcg check "$ID"
		expect 4 "systemd cannot be asked" "properties of vm-x.scope cannot be compared"
		[ -z "$out" ]
		cat "$T/record" >"$ROOT/$ID.json"
	fi
	poststop
	expect 0
}

@test "it waits for who works on the id" {
	set_up
	exec {lock}<>"$ROOT/$ID.lock"
	flock -n "$lock"
	(
		sleep 1
		set_file pids pids.max 30
		flock -u "$lock"
	) &
	exec {lock}>&-
	drifted "value|*/pids.max|20|30"
	wait
	poststop
	expect 0
}
