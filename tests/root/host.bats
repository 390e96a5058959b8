#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# host - the facts of this host against what the shell sees, and real processes.
# HOST_PROBE names the program built from tests/root/host-probe.c.

probe=$(realpath -m "${HOST_PROBE:-build/root/host-probe}")
actors=$(dirname "$probe")/actors
group=vmcg-hosttest-$$

setup() {
	[ -x "$probe" ] && [ -x "$actors" ] || skip "no $probe or $actors: make them"
	made=()
	started=()
}

teardown() {
	local p d

	for p in "${started[@]}"; do
		kill -9 "$p" 2>/dev/null || true
	done
	# Deepest first; a process takes a moment to leave.
	for ((i = ${#made[@]} - 1; i >= 0; i--)); do
		d=${made[i]}
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			rmdir "$d" 2>/dev/null && break
			[ -d "$d" ] || break
			sleep 0.05
		done
		[ ! -d "$d" ]
	done
}

make_group() {
	mkdir "$1"
	made+=("$1")
}

# The mount point of a hierarchy by name.
point() {
	"$probe" hurry | jq -r --arg n "$1" '.mounts[$n] // empty'
}

@test "the layout and every mount are what findmnt says" {
	"$probe" hurry >"$BATS_TEST_TMPDIR/facts"
	while read -r name path; do
		type=$(stat -f -c %t "$path")
		if [ "$name" = unified ]; then
			[ "$type" = 63677270 ]
		else
			[ "$type" = 27e0eb ]
			findmnt -rn -o OPTIONS,FS-OPTIONS -T "$path" | tr ', ' '\n\n' | grep -qxF "$name"
		fi
	done < <(jq -r '.mounts | to_entries[] | "\(.key) \(.value)"' "$BATS_TEST_TMPDIR/facts")
	v1=$(findmnt -rn -t cgroup -o TARGET | wc -l)
	v2=$(findmnt -rn -t cgroup2 -o TARGET | wc -l)
	case $((v1 > 0))$((v2 > 0)) in
	10) want=legacy ;;
	11) want=hybrid ;;
	01) want=unified ;;
	esac
	[ "$(stat -f -c %t /sys/fs/cgroup)" = 63677270 ] && want=unified
	[ "$(jq -r .layout "$BATS_TEST_TMPDIR/facts")" = "$want" ]
}

@test "kernel, processors, nodes, user, systemd" {
	"$probe" hurry >"$BATS_TEST_TMPDIR/facts"
	get() { jq -r "$1" "$BATS_TEST_TMPDIR/facts"; }
	[ "$(get .kernel)" = "$(uname -r)" ]
	[ "$(get .page_size)" = "$(getconf PAGESIZE)" ]
	[ "$(get .cpus)" = "$(cat /sys/devices/system/cpu/online)" ]
	[ "$(get .mems)" = "$(cat /sys/devices/system/node/online 2>/dev/null || echo 0)" ]
	[ "$(get .euid)" = "$(id -u)" ]
	if [ -d /run/systemd/system ]; then
		[ "$(get .systemd)" != 0 ]
	else
		[ "$(get .systemd)" = 0 ]
	fi
}

@test "v2 controllers are those of the root; v1's are mounted" {
	"$probe" hurry >"$BATS_TEST_TMPDIR/facts"
	unified=$(jq -r '.mounts.unified // empty' "$BATS_TEST_TMPDIR/facts")
	{
		jq -r '.mounts | keys[] | select(. != "unified" and (startswith("name=") | not))' \
			"$BATS_TEST_TMPDIR/facts"
		[ -z "$unified" ] || tr ' ' '\n' <"$unified/cgroup.controllers"
	} | sed '/^$/d' | sort >"$BATS_TEST_TMPDIR/want"
	jq -r '.controllers[]' "$BATS_TEST_TMPDIR/facts" | sort | diff "$BATS_TEST_TMPDIR/want" -
}

@test "a listed control file exists in a new group, one that is not listed does not" {
	"$probe" >"$BATS_TEST_TMPDIR/facts"
	[ "$(jq '.files | length' "$BATS_TEST_TMPDIR/facts")" -gt 0 ]
	while read -r d; do
		make_group "$d/$group"
	done < <(jq -r '.mounts | to_entries | map(.value) | unique[]' "$BATS_TEST_TMPDIR/facts")
	# The two layouts share the name cpu.idle; v2 children have what the root enables.
	for f in cpu.idle cpu.cfs_burst_us cpu.rt_runtime_us memory.memsw.limit_in_bytes \
		memory.kmem.limit_in_bytes memory.kmem.tcp.limit_in_bytes memory.use_hierarchy \
		blkio.weight blkio.bfq.weight blkio.bfq.weight_device blkio.leaf_weight cpus mems \
		hugetlb.2MB.max hugetlb.2MB.rsvd.max hugetlb.1GB.max hugetlb.1GB.limit_in_bytes \
		memory.swap.max cpu.max.burst io.weight io.bfq.weight; do
		listed=$(jq --arg f "$f" '.files | index($f) != null' "$BATS_TEST_TMPDIR/facts")
		there=false
		for d in "${made[@]}"; do
			[ ! -e "$d/$f" ] || there=true
		done
		# What no v2 child shows because nobody enabled its controller is a guess.
		case $f in
		hugetlb.*.max | memory.swap.max | cpu.max.burst | io.*)
			c=${f%%.*}
			unified=$(jq -r '.mounts.unified // empty' "$BATS_TEST_TMPDIR/facts")
			[ -n "$unified" ] || continue
			grep -qw "$c" "$unified/cgroup.subtree_control" || continue
			;;
		cpu.idle)
			jq -e '.mounts.cpu' "$BATS_TEST_TMPDIR/facts" >/dev/null || continue
			;;
		esac
		echo "$f: listed $listed, there $there"
		[ "$listed" = "$there" ]
	done
}

@test "processes and children of groups on the way are counted" {
	d=$(point pids)
	[ -n "$d" ] || d=$(point unified)
	make_group "$d/$group"
	make_group "$d/$group/a"
	make_group "$d/$group/b"
	make_group "$d/$group/b/c"
	for _ in 1 2 3; do
		sleep 300 3>&- &
		started+=($!)
		echo $! >"$d/$group/b/cgroup.procs"
	done
	"$probe" hurry "cgroup=/$group/b/c/none" >"$BATS_TEST_TMPDIR/facts"
	count() { jq -r ".cgroups[\"$1\"] | \"\(.procs) \(.children)\"" "$BATS_TEST_TMPDIR/facts"; }
	[ "$(count "/$group")" = "0 2" ]
	[ "$(count "/$group/b")" = "3 1" ]
	[ "$(count "/$group/b/c")" = "0 0" ]
	[ "$(count "/$group/b/c/none")" = "null null" ]
	[ "$(count "/$group/a")" = "null null" ]
}

@test "a threaded group's processes are counted by its threads" {
	d=$(point unified)
	[ -n "$d" ] || skip "no cgroup v2 tree on this host"
	make_group "$d/$group"
	make_group "$d/$group/t"
	echo threaded >"$d/$group/t/cgroup.type"
	sleep 300 3>&- &
	started+=($!)
	echo $! >"$d/$group/cgroup.procs"
	echo $! >"$d/$group/t/cgroup.threads"
	run cat "$d/$group/t/cgroup.procs"
	[ "$status" -ne 0 ]
	"$probe" hurry "cgroup=/$group/t" >"$BATS_TEST_TMPDIR/facts"
	[ "$(jq -r ".cgroups[\"/$group/t\"] | \"\(.procs) \(.type)\"" "$BATS_TEST_TMPDIR/facts")" = "1 threaded" ]
	[ "$(jq -r ".cgroups[\"/$group\"].type" "$BATS_TEST_TMPDIR/facts")" = "domain threaded" ]
}

@test "devices are what stat says; others are null" {
	"$probe" hurry device=/dev/null device=/dev/kvm device=/dev device=/etc/passwd \
		device=/dev/nonesuch >"$BATS_TEST_TMPDIR/facts"
	[ "$(jq -c '.devices["/dev/null"]' "$BATS_TEST_TMPDIR/facts")" = '{"type":"c","major":1,"minor":3}' ]
	for d in /dev /etc/passwd /dev/nonesuch; do
		[ "$(jq -r --arg d $d '.devices | has($d), .[$d]' "$BATS_TEST_TMPDIR/facts")" = $'true\nnull' ]
	done
	if [ -c /dev/kvm ]; then
		want=$((0x$(stat -c %t /dev/kvm))):$((0x$(stat -c %T /dev/kvm)))
	else
		want=null:null
	fi
	[ "$(jq -r '.devices["/dev/kvm"] | "\(.major):\(.minor)"' "$BATS_TEST_TMPDIR/facts")" = "$want" ]
}

@test "a process: start time, name, cgroups; a thread's id means its process" {
	"$actors" thread >"$BATS_TEST_TMPDIR/tid" 3>&- &
	pid=$!
	started+=($pid)
	until [ -s "$BATS_TEST_TMPDIR/tid" ]; do sleep 0.05; done
	tid=$(cat "$BATS_TEST_TMPDIR/tid")
	[ "$tid" != "$pid" ]
	"$probe" hurry "init=$tid" "pid=$pid" >"$BATS_TEST_TMPDIR/facts"
	get() { jq -r ".processes[0] | $1" "$BATS_TEST_TMPDIR/facts"; }
	[ "$(jq '.processes | length' "$BATS_TEST_TMPDIR/facts")" = 1 ]
	[ "$(get .pid)" = "$pid" ]
	[ "$(get .init)" = true ]
	[ "$(get .kvm)" = false ]
	[ "$(get .comm)" = "$(cat /proc/$pid/comm)" ]
	[ "$(get .start)" = "$(sed 's/.*) //' /proc/$pid/stat | cut -d' ' -f20)" ]
	while IFS= read -r line; do
		path=${line#*:*:}
		names=${line#*:}
		names=${names%%:*}
		for n in $(echo "${names:-unified}" | tr , ' '); do
			jq -e --arg n "$n" '.mounts[$n]' "$BATS_TEST_TMPDIR/facts" >/dev/null || continue
			[ "$(get ".cgroups[\"$n\"]")" = "$path" ]
		done
	done </proc/$pid/cgroup
}

@test "a process that ended, a zombie, and numbers that are no process are refused" {
	sleep 0 3>&- &
	pid=$!
	wait $pid
	run "$probe" hurry "pid=$pid"
	[ "$status" -eq 4 ]
	[[ $output == *"process $pid is gone"* ]]
	run "$probe" hurry pid=-1
	[ "$status" -eq 3 ]
	"$actors" zombie >"$BATS_TEST_TMPDIR/zombie" 3>&- &
	started+=($!)
	until [ -s "$BATS_TEST_TMPDIR/zombie" ]; do sleep 0.05; done
	run "$probe" hold "$(cat "$BATS_TEST_TMPDIR/zombie")"
	[ "$status" -eq 4 ]
}

@test "a held process is alive until it ends" {
	for want in alive gone; do
		sleep 300 3>&- &
		pid=$!
		started+=($pid)
		mkfifo "$BATS_TEST_TMPDIR/in.$want"
		"$probe" hold $pid <"$BATS_TEST_TMPDIR/in.$want" >"$BATS_TEST_TMPDIR/out.$want" 3>&- &
		holder=$!
		exec 5>"$BATS_TEST_TMPDIR/in.$want"
		until [ -s "$BATS_TEST_TMPDIR/out.$want" ]; do sleep 0.05; done
		if [ $want = gone ]; then
			kill -9 $pid
			wait $pid || true
		fi
		echo >&5
		exec 5>&-
		wait $holder
		[ "$(head -1 "$BATS_TEST_TMPDIR/out.$want" | cut -d' ' -f1)" = $pid ]
		[ "$(tail -1 "$BATS_TEST_TMPDIR/out.$want")" = $want ]
	done
}

@test "descendants, parents first, children of threads included" {
	cd "$BATS_TEST_TMPDIR"
	"$actors" family 3>&- &
	pid=$!
	started+=($pid)
	until [ -s grand ] && [ -s thread ] && [ -s first ]; do sleep 0.05; done
	started+=("$(cat grand)" "$(cat thread)" "$(cat first)")
	run "$probe" tree $pid
	[ "$status" -eq 0 ]
	[ "$(echo "$output" | sort -n)" = "$(cat first thread grand | sort -n)" ]
	[ "$(echo "$output" | grep -nx "$(cat first)" | cut -d: -f1)" -lt \
		"$(echo "$output" | grep -nx "$(cat grand)" | cut -d: -f1)" ]

	# The same on a kernel that has no children files.
	command -v strace >/dev/null || skip "no strace"
	ASAN_OPTIONS=detect_leaks=0 strace -o trace -P /proc/thread-self/children \
		-e inject=openat,open:error=ENOENT "$probe" tree $pid >by-parent
	grep -q INJECTED trace
	[ "$(sort -n by-parent)" = "$(cat first thread grand | sort -n)" ]
}

# A process below a shell that holds a real KVM VM: ioctl KVM_CREATE_VM.
start_vm() {
	sh -c "$1"' "$1" kvm >"$0" & wait' "$2" "$actors" 3>&- &
	init=$!
	started+=($init)
	for _ in $(seq 100); do
		[ -s "$2" ] && break
		sleep 0.1
	done
	[ -s "$2" ] || skip "no KVM VM can be made here"
	started+=("$(cat "$2")")
}

@test "the VM process is found below init, by its KVM VM" {
	[ -w /dev/kvm ] || skip "no /dev/kvm"
	start_vm "sleep 300 & echo \$! >>\"\$0.s\";" "$BATS_TEST_TMPDIR/vm"
	started+=("$(cat "$BATS_TEST_TMPDIR/vm.s")")
	run "$probe" find-vm $init
	[ "$output" = "$(cat "$BATS_TEST_TMPDIR/vm") of 1" ]
	"$probe" hurry "init=$init" "pid=$(cat "$BATS_TEST_TMPDIR/vm")" >"$BATS_TEST_TMPDIR/facts"
	[ "$(jq -c '[.processes[] | .kvm]' "$BATS_TEST_TMPDIR/facts")" = "[false,true]" ]
	run "$probe" find-vm "$(cat "$BATS_TEST_TMPDIR/vm.s")"
	[ "$output" = none ]
}

@test "affinity: every thread may run everywhere again" {
	[ "$(nproc --all)" -gt 1 ] || skip "one processor"
	"$actors" narrow >"$BATS_TEST_TMPDIR/up" 3>&- &
	pid=$!
	started+=($pid)
	until [ -s "$BATS_TEST_TMPDIR/up" ]; do sleep 0.05; done
	[ "$(sort -u < <(cat /proc/$pid/task/*/status | grep Cpus_allowed_list))" = $'Cpus_allowed_list:\t0' ]
	"$probe" widen $pid
	[ "$(sort -u < <(cat /proc/$pid/task/*/status | grep Cpus_allowed_list))" = \
		"$(grep Cpus_allowed_list /proc/1/status)" ]
}

@test "the usual host is probed without mountinfo, writing and listing nothing" {
	command -v strace >/dev/null || skip "no strace"
	ASAN_OPTIONS=detect_leaks=0 strace -f -o "$BATS_TEST_TMPDIR/trace" "$probe" hurry "cgroup=/$group/x" init=$$ >/dev/null
	if [ "$(readlink /proc/self/ns/cgroup)" = "cgroup:[4026531835]" ]; then
		run grep mountinfo "$BATS_TEST_TMPDIR/trace"
		[ "$status" -ne 0 ]
	fi
	run grep -E 'open(at)?\([^)]*"/(sys|proc|dev)[^)]*(O_WRONLY|O_RDWR|O_CREAT)' "$BATS_TEST_TMPDIR/trace"
	[ "$status" -ne 0 ]
	run grep -E 'openat.*"/sys/fs/cgroup[^"]*".*O_DIRECTORY' "$BATS_TEST_TMPDIR/trace"
	[ "$status" -ne 0 ]
}

@test "in a cgroup namespace of its own only what can be reached is said to be there" {
	unshare -C true || skip "no cgroup namespaces"
	d=$(point pids)
	[ -n "$d" ] || d=$(point unified)
	make_group "$d/$group"
	sleep 300 3>&- &
	started+=($!)
	# The mount still shows all of the hierarchy, which now begins above our root.
	bash -c 'echo $$ >"$0/cgroup.procs"; exec unshare -C "$@"' "$d/$group" \
		"$probe" hurry "pid=$!" >"$BATS_TEST_TMPDIR/facts" || {
		# Where that was the only hierarchy nothing is left, and that is an error.
		[ "$(point pids)" = "" ]
		return 0
	}
	[ "$(jq -r --arg d "$d" '.mounts | map(select(. == $d)) | length' "$BATS_TEST_TMPDIR/facts")" = 0 ]
	run jq -e '.. | strings | select(startswith("/.."))' "$BATS_TEST_TMPDIR/facts"
	[ "$status" -ne 0 ]
}
