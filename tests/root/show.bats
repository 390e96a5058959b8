#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# show - what list and show tell of a VM: limits beside usage, throttling, events, the hypervisor,
# settings that are not what they were; as text and as JSON

load lib

setup() {
	prepare
}

teardown() {
	finish
}

MIB=$((1024 * 1024))

# set_up FILTER: a VM process under these limits.
set_up() {
	[ "${VM:-}" ] || start_vm
	limits "$1"
	hook createRuntime "$VM"
	expect 0
}

down() {
	poststop
	expect 0
}

# shown [JQ-OPTION...] FILTER: of what show prints as JSON; the filter holds, or it is printed.
shown() {
	vmcg --format json show "$ID"
	expect 0 || return
	jq -e "$@" "$T/out" >"$T/holds" || fail "not so: ${*: -1}" "$(jq -c 'del(.devices)' "$T/out")"
}

# says PATTERN...: lines of what show prints as text, by regular expressions.
says() {
	local line

	vmcg show "$ID"
	expect 0 || return
	for line; do
		grep -qE -- "$line" "$T/out" || fail "no line \"$line\":" "$out" || return
	done
}

# Put a process into the target in every hierarchy.
join() {
	local mount

	for mount in $(hierarchies); do
		echo "$1" >"$mount$CG/cgroup.procs"
	done
}

@test "limits beside what is used, on this layout, in numbers" {
	need_controller memory
	need_controller pids
	set_up '.memory.limit = 134217728 | .cpu = {quota: 50000, period: 100000, shares: 512} | .pids.limit = 33'
	# What it had before it came is charged elsewhere.
	[ "$(ask "alloc 8")" = "alloc 8: ok" ]

	shown --argjson vm "$VM" --arg layout "$(layout)" --arg id "$ID" --arg cg "$CG" --arg bundle "$BUNDLE" '
		.id == $id and .path == $cg and .bundle == $bundle and .layout == $layout
		and .status == "applied" and .manager == "cgroupfs" and .mode == "own"
		and .unit == null and .slice == null
		and .pid == $vm and .comm == "vmprocess" and .running and .threads >= 1
		and ([.processes[] | [.pid, .comm, .added]] == [[$vm, "vmprocess", false]])
		and ((now - .created) | . >= -1 and . < 300)'
	shown '.usage
		| .memory.max == 134217728 and .memory.current > 0 and .memory.current < .memory.max
		and .cpu.quota_usec == 50000 and .cpu.period_usec == 100000
		and (if .cpu.shares then .cpu.shares == 512 else .cpu.weight == 59 end)
		and .pids.max == 33 and .pids.current >= 1
		and .memory_events.oom_kill == 0'
	# Numbers and what is known to be text: nothing else.
	shown '[.usage | del(.cpuset, .hugetlb[]?.size, .io.devices[]?.device, .io.devices[]?.name)
		| .. | scalars | type] | unique - ["null"] == ["number"]'
	shown 'all(.settings[]; .differs == false) and (.settings | length >= 4)'
	shown '.devices | .default == "deny" and any(.rules[]; . == {type: "c", major: 1, minor: 3, access: "rwm", why: "base list"})
		and any(.rules[]; .minor == null)'
	shown .devices
	vmcg --format json device list "$ID"
	diff <(jq -S . "$T/holds") <(jq -S 'del(.id)' "$T/out")

	says "^$ID: running$" "^  cgroup +$CG$" "^  mode +own: vmcg made the group and removes it$" \
		"^  bundle +$BUNDLE$" '^  since +20[-0-9]+ [:0-9]+ UTC \([0-9]' \
		"^  VM process +$VM vmprocess.*, running, [0-9]+ thread" \
		'^  memory +[0-9.]+ [KM]iB of 128 MiB \([0-9]+ %\)' '^  events +none$' '^  CPU time +[0-9]' \
		'^  CPU quota +0\.5 CPUs \(50 ms every 100 ms\)$' '^  tasks +[0-9]+ of 33' \
		'^  pids.max +33 +now 33 +/linux/resources/pids/limit$' \
		'^devices \(default deny\)$' "^  $VM +vmprocess +\(the VM process"
	run ! grep -q '(differs)' "$T/out"
	down
}

@test "no limit is null, and no limit in words" {
	need_controller memory
	need_controller pids
	# On v2 a controller is there once something is set.
	set_up '.memory.reservation = 1048576 | .cpu.shares = 512 | .pids.limit = -1'
	[ "$(ask "alloc 8")" = "alloc 8: ok" ]
	shown '.usage | .memory.max == null and (.memory | has("max")) and .cpu.quota_usec == null
		and (.cpu | has("quota_usec")) and .pids.max == null and (.pids | has("max"))
		and (.memory.soft // .memory.low) == 1048576'
	says '^  memory +[0-9.]+ [KM]iB, no limit' '^  CPU quota +no limit$' '^  tasks +[0-9]+, no limit' \
		'^  (soft limit|low) +1 MiB$'
	vmcg list
	[[ $out = *"$ID"*vmprocess* || $out = *"$ID"*QEMU* ]]
	vmcg --format json list
	jq -e '.[0].memory | .current > 0 and has("max") and .max == null' "$T/out"
	down
}

@test "memory grows with the process, in show and in list" {
	need_controller memory
	set_up '.memory.limit = 268435456'
	shown '.usage.memory.current'
	before=$(<"$T/holds")
	[ "$(ask "alloc 64")" = "alloc 64: ok" ]
	# The kernel counts in batches of its own.
	shown --argjson least $((before + 60 * MIB)) '.usage.memory | .current >= $least and .peak >= $least
		and .anon >= 60 * 1048576 and .current < 268435456'
	says '^  memory +[67][0-9.]+ MiB of 256 MiB \(2[0-9] %\), peak [67]'
	vmcg --format json list
	jq -e --argjson least $((before + 60 * MIB)) '.[0].memory | .current >= $least and .max == 268435456' "$T/out"
	vmcg list
	[[ $out = *MEMORY*CGROUP*"$ID "*MiB/256\ MiB*"$CG"* ]]
	down
}

@test "a quota that is used up is counted, and so is the time" {
	need_controller cpu
	set_up '.cpu = {quota: 10000, period: 100000}'
	while :; do :; done 3>&- &
	busy=$!
	disown "$busy"
	STARTED+=("$busy")
	join "$busy"
	throttled() { shown '.usage.cpu | .throttled >= 3 and .throttled_usec > 0' >/dev/null; }
	wait_until throttled
	shown '.usage.cpu | .periods >= .throttled and .usage_usec >= 20000 and .quota_usec == 10000'
	says '^  throttled +in [0-9]+ of [0-9]+ periods, for [0-9.]+ m?s$' '^  CPU quota +0\.1 CPUs'
	shown '.usage.cpu.usage_usec'
	first=$(<"$T/holds")
	more() { shown --argjson first "$first" '.usage.cpu.usage_usec > $first' >/dev/null; }
	wait_until more
	vmcg --format json list
	jq -e --argjson first "$first" '.[0].cpu.usage_usec > $first' "$T/out"
	kill -KILL "$busy"
	wait_until ! kill -0 "$busy" 2>/dev/null
	down
}

@test "a child that wants more than the limit: the event is counted, and the VM lives" {
	need_controller memory
	start_vm
	vm=$VM
	start_vm --late
	child=$VM
	VM=$vm
	filter='.memory.limit = 67108864'
	# Where the host has swap the child would go there.
	[ "$(wc -l </proc/swaps)" -le 1 ] || filter+=' | .memory.swap = 67108864'
	set_up "$filter"
	shown '.usage.memory_events | .oom_kill == 0'
	join "$child"
	echo "alloc 200" >&"${VM_IN[$child]}"
	wait_until ! kill -0 "$child" 2>/dev/null
	shown '.running and (.usage.memory_events | .oom_kill >= 1 and .max >= 1)'
	says '^  events +limit hit [0-9]+ times?,.* [0-9]+ OOM kills?$'
	down
}

@test "a value that somebody changed differs, and no other" {
	need_controller pids
	set_up '.pids.limit = 33 | .cpu.shares = 512'
	echo 44 >"$(controller_path pids)/pids.max"
	shown '[.settings[] | select(.differs) | [.file, .set, .live]] == [["pids.max", "33", "44"]]
		and .usage.pids.max == 44'
	says '^  pids.max +33 +now 44 \(differs\) +/linux/resources/pids/limit$'
	[ "$(grep -c '(differs)' "$T/out")" -eq 1 ]
	down
}

@test "a limit that a later key overrules is no difference" {
	[ "${MOUNT[unified]:-}" ] || cannot "no cgroup v2 tree on this host"
	if [ "$(controller_mount pids)" = "${MOUNT[unified]}" ]; then
		set_up '.pids.limit = 33 | .unified = {"pids.max": "44"}'
		file=pids.max
	elif [ "$(controller_mount hugetlb)" != "${MOUNT[unified]}" ]; then
		cannot "the v2 root hands down neither pids nor hugetlb"
	else
		set_up '.hugepageLimits = [{pageSize: "2MB", limit: 4194304}] | .unified = {"hugetlb.2MB.max": "2097152"}'
		file=hugetlb.2MB.max
	fi
	shown --arg file $file '[.settings[] | select(.file == $file)] | length == 2 and all(.differs == false)'
	down
}

@test "huge pages are shown where they are limited" {
	need_controller hugetlb
	[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] || cannot "no 2 MB pages on this host"
	set_up '.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
	shown '[.usage.hugetlb[] | [.size, .current, .max, .refused]] == [["2MB", 0, 4194304, 0]]'
	says '^  huge pages +2MB: 0 B of 4 MiB$'
	down
}

@test "a throttled device is shown with its limits" {
	device=$(block_device) || cannot "no block device on this host"
	set_up "[\"$device\" | split(\":\")[] | tonumber] as \$d
		| .blockIO = {throttleReadBpsDevice: [{major: \$d[0], minor: \$d[1], rate: 1048576}],
			throttleWriteIOPSDevice: [{major: \$d[0], minor: \$d[1], rate: 50}]}"
	shown --arg device "$device" '.usage.io.devices[] | select(.device == $device)
		| .read_bps_max == 1048576 and .write_iops_max == 50 and (has("write_bps_max") | not)
		and (.name | length > 0)'
	says '^  I/O +[a-z0-9!/-]+: .*read at most 1 MiB/s.*write at most 50/s'
	down
}

@test "pressure, where the kernel has it" {
	[ "${MOUNT[unified]:-}" ] || cannot "no cgroup v2 tree on this host"
	[ -e /proc/pressure/cpu ] || cannot "no pressure on this host"
	set_up .
	shown '.usage.pressure | [.cpu, .memory, .io] | all(.some | .avg10 >= 0 and .avg60 >= 0
		and .avg300 >= 0 and (.total_usec | . >= 0 and floor == .))'
	says '^pressure$' '^  CPU, some waited +[0-9]+\.[0-9][0-9] % '
	down
}

@test "the hypervisor by its name, its threads and its VM" {
	start_vm --late
	[ "$(ask "name firecracker")" = "name: ok" ]
	set_up .
	shown '.hypervisor == "Firecracker" and .threads == 1 and .vcpus == null and (.processes | all(.kvm == false))'
	says "^  VM process +$VM firecracker \(Firecracker\), running, 1 thread$"
	vmcg list
	[[ $out = *"$ID "*" Firecracker "*"$CG"* ]]
	vmcg --format json list
	jq -e '.[0].hypervisor == "Firecracker" and .[0].comm == "firecracker"' "$T/out"

	need_kvm
	[[ $(ask vm) = "vcpu "* ]]
	# Before Linux 6.4 KVM puts a thread of the kernel's into the group.
	shown --argjson vm "$VM" '.hypervisor == "Firecracker" and .threads >= 2 and .vcpus == 1
		and ([.processes[] | select(.kvm).pid] == [$vm])'
	says '^  VM process .*, running, [0-9]+ threads, 1 vCPU$' '\(the VM process, Firecracker, holds a KVM VM\)$'
	down
}

@test "a VM whose threads are QEMU's" {
	need_kvm
	start_vm
	set_up .
	shown '.hypervisor == "QEMU" and .comm == "vmprocess" and .vcpus == 1'
	vmcg --format json list
	jq -e '.[0].hypervisor == "QEMU" and .[0].comm == "vmprocess"' "$T/out"
	down
}

@test "a process that was the runtime's when it was recorded has its own name" {
	start_vm --late
	[ "$(ask "name runc:[2:INIT]")" = "name: ok" ]
	set_up .
	[ "$(record .vm.comm)" = "runc:[2:INIT]" ]
	[ "$(ask "name qemu-system-x86")" = "name: ok" ]
	shown '.comm == "qemu-system-x86" and .hypervisor == "QEMU" and .comm == .processes[0].comm'
	says "^  VM process +$VM qemu-system-x86 \(QEMU\), running"
	vmcg list
	[[ $out = *"$ID "*" QEMU "*"$CG"* ]]
	vmcg --format json list
	jq -e '.[0] | .comm == "qemu-system-x86" and .hypervisor == "QEMU"' "$T/out"
	# Of another process with its number nothing is told.
	jq -c '.vm.start += 1' "$ROOT/$ID.json" >"$T/other.json"
	cp "$ROOT/$ID.json" "$T/record.json"
	cp "$T/other.json" "$ROOT/$ID.json"
	shown '.running == false and .comm == "runc:[2:INIT]" and .hypervisor == null'
	vmcg --format json list
	jq -e '.[0] | .running == false and .comm == "runc:[2:INIT]"' "$T/out"
	cp "$T/record.json" "$ROOT/$ID.json"
	down
}

@test "a record of another boot: nothing of it runs, and nothing is looked at" {
	need_controller pids
	set_up '.pids.limit = 33'
	cp "$ROOT/$ID.json" "$T/record.json"
	jq -c '.boot = "11111111-2222-3333-4444-555555555555"' "$T/record.json" >"$ROOT/$ID.json"
	shown '.running == false and .this_boot == false and .usage == {} and .processes == [] and .threads == null
		and all(.settings[]; .live == null)'
	says "^$ID: of another boot$" "^  VM process .*, gone"
	vmcg list
	[[ $out = *"$ID "*" of another boot "*" - "*"$CG"* ]]
	vmcg --format json list
	jq -e '.[0] | .running == false and .this_boot == false and .frozen == null and (has("memory") | not)' "$T/out"
	vmcg paths "$ID"
	expect 0 "before the host was booted" "vmcg gc"
	[ -z "$out" ]
	cp "$T/record.json" "$ROOT/$ID.json"
	shown '.running and .this_boot'
	down
}

@test "nothing was delegated: no directory that is not there is named" {
	set_up .
	cp "$ROOT/$ID.json" "$T/record.json"
	jq -c '.steps = []' "$T/record.json" >"$ROOT/$ID.json"
	vmcg paths "$ID"
	expect 0 "nothing was delegated"
	[ -z "$out" ]
	vmcg --format json paths "$ID"
	[ "$out" = '{}' ]
	vmcg list
	grep -qE "^$ID .* -$" "$T/out"
	cp "$T/record.json" "$ROOT/$ID.json"
	down
}

@test "processes in groups below, each once" {
	set_up .
	fork_vm
	for mount in $(hierarchies); do
		mkdir "$mount$CG/below"
	done
	fill_cpusets "$CG/below"
	for mount in $(hierarchies); do
		echo "$CHILD" >"$mount$CG/below/cgroup.procs"
	done
	shown --argjson vm "$VM" --argjson child "$CHILD" '[.processes[].pid] == ([$vm, $child] | sort)'
	down
}

@test "the VM is gone: what is left is shown" {
	need_controller pids
	set_up '.pids.limit = 33'
	kill -KILL "$VM"
	wait_until ! kill -0 "$VM" 2>/dev/null
	shown '.running == false and .pid > 0 and .threads == null and .vcpus == null and .processes == []
		and .usage.pids == (.usage.pids + {current: 0, max: 33})'
	says "^$ID: VM gone$" "^  VM process +$VM vmprocess.*, gone$" '^processes: none$'
	# And then the group, too.
	for mount in $(hierarchies); do
		rmdir "$mount$CG"
	done
	shown '.usage == {} and all(.settings[]; .live == null and .differs)'
	says '^usage: the group is not there$' '^  pids.max +33 +now not there'
	vmcg --format json list
	jq -e '.[0] | (has("memory") or has("cpu") | not) and .running == false' "$T/out"
	vmcg list
	[[ $out = *"$ID "*"VM gone"*" - "*" - "*"$CG"* ]]
	down
}

@test "a VM that is paused" {
	set_up .
	if [ "${MOUNT[freezer]:-}" ]; then
		file=${MOUNT[freezer]}$CG/freezer.state on=FROZEN off=THAWED
	else
		file=${MOUNT[unified]}$CG/cgroup.freeze on=1 off=0
	fi
	shown '.frozen == false'
	echo "$on" >"$file"
	frozen() { shown '.frozen and .running' >/dev/null; }
	wait_until frozen
	says '^  VM process .*, running, frozen' "^$ID: paused$"
	vmcg list
	[[ $out = *"$ID "*" paused "* ]]
	vmcg --format json list
	jq -e '.[0] | .running and .frozen' "$T/out"
	echo "$off" >"$file"
	thawed() { shown '.frozen == false' >/dev/null; }
	wait_until thawed
	down
}

@test "a group that was there, empty, is said to stay" {
	start_vm
	make_group "$CG"
	set_up .
	says '^  mode +own: the empty group was there before, vmcg leaves it$'
	down
}

@test "no VM yet: null, and words" {
	start_family
	config_json
	hook createRuntime "$INIT" --vm-pid-file "$T/pid"
	expect 0
	shown '.pid == null and .comm == null and .hypervisor == null and .running == false'
	says "^$ID: no VM yet$" '^  VM process +none yet$'
	vmcg --format json list
	jq -e '.[0] | .pid == null and .comm == null and .running == false' "$T/out"
	down
}

@test "many records: each a line, columns that stand, and one that is damaged hides none" {
	set_up .
	many=$T/many
	mkdir -m 700 "$many"
	long=$(printf 'long-%0100d' 0)
	# A process that cannot be: the largest number there is.
	record -c '.vm.pid = 4194304 | range(300) as $i | .id = "vm\($i)" | .path = "/'"$NAME"'-many/vm\($i)"' |
		while read -r line; do
			id=${line#*'"id":"'}
			printf '%s\n' "$line" >"$many/${id%%\"*}.json"
		done
	sed "s/\"vm0\"/\"$long\"/" "$many/vm0.json" >"$many/$long.json"
	echo '{' >"$many/damaged.json"
	ROOT=$many vmcg list
	expect 0 damaged.json
	one_line
	[ "$(wc -l <"$T/out")" -eq 302 ]
	# Every line has its columns where the title has them.
	at=$(head -n 1 "$T/out" | grep -ob CGROUP)
	run ! grep -vE "^.{${at%%:*}}(CGROUP|/$NAME-many/vm[0-9]+)$" "$T/out"
	grep -qE "^$long  VM gone " "$T/out"
	run ! grep -q ' $' "$T/out"
	ROOT=$many vmcg --format json list
	expect 0 damaged.json
	jq -e --arg long "$long" 'length == 301 and ([.[].id] == ([.[].id] | sort))
		and all(.[]; .running == false and .pid == 4194304)
		and ([.[].id] - [range(300) | "vm\(.)"] == [$long])' "$T/out"
	down
}
