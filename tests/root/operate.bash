# shellcheck shell=bash disable=SC2034,SC2154 # what is set here is used by the tests, and lib sets what is used here
# SPDX-License-Identifier: Apache-2.0
#
# operate - what the tests of update, device and add share; after `load lib`

# running FILTER [OPTION...]: a container that is set up, with those limits (a filter that starts at linux.resources) around the
# VM process $VM.
running() {
	local filter=$1

	shift
	start_vm
	limits "$filter"
	hook createRuntime "$VM" "$@"
	expect 0
}

# change FILTER [OPTION...]: update the container with the linux.resources object that the filter makes.
change() {
	local filter=$1

	shift
	vmcg "$@" --resources - update "$ID" < <(jq -n "$filter")
}

# The host, and the record byte for byte.
standing() {
	snapshot_host
	cat "$ROOT/$ID.json"
}

# untouched BEFORE: nothing at all has changed since standing.
untouched() {
	local now

	now=$(standing)
	diff <(echo "$1") <(echo "$now") || fail "something was touched"
}

# ended PID...: kill processes of the test. They are not killed again at its end: by then their numbers may be others'.
ended() {
	local p i

	for p; do
		kill -KILL "$p" 2>/dev/null || true
		wait_until ! kill -0 "$p" 2>/dev/null || fail "process $p does not end" || return
		for i in "${!STARTED[@]}"; do
			[ "${STARTED[i]}" != "$p" ] || STARTED[i]=
		done
	done
}

# reads FIELD VALUE...: what the kernel says of a field of linux.resources, on each layout. Memory and swap are in bytes, -1 is no
# limit.
reads() {
	local live

	while [ $# -gt 0 ]; do
		live=$(live_value "$1") || return
		[ "$live" = "$2" ] || fail "$1 is $live, not $2" || return
		shift 2
	done
}

live_value() {
	local version limit

	case $1 in
	limit | swap) version=$(version_of memory) ;;
	quota | period) version=$(version_of cpu) ;;
	esac
	case $1.${version:-} in
	limit.1) cgfile memory memory.limit_in_bytes | sed 's/^9223372036854771712$/-1/' ;;
	limit.2) cgfile memory memory.max | sed 's/max/-1/' ;;
	swap.1) cgfile memory memory.memsw.limit_in_bytes | sed 's/^9223372036854771712$/-1/' ;;
	swap.2)
		limit=$(cgfile memory memory.max)
		[ "$(cgfile memory memory.swap.max)" = max ] && echo -1 && return
		echo $(($(cgfile memory memory.swap.max) + limit))
		;;
	quota.1) cgfile cpu cpu.cfs_quota_us ;;
	period.1) cgfile cpu cpu.cfs_period_us ;;
	quota.2) cgfile cpu cpu.max | cut -d ' ' -f 1 | sed 's/max/-1/' ;;
	period.2) cgfile cpu cpu.max | cut -d ' ' -f 2 ;;
	pids.) cgfile pids pids.max ;;
	cpus.) cgfile cpuset cpuset.cpus ;;
	*) fail "what is $1?" ;;
	esac
}

# --- devices ---

# A device that a container may not open by itself, and that can be opened here: its node in $SPARE, its numbers in $SPARE_RULE
# ("c 10:229").
find_spare() {
	local numbers

	numbers=$(spare_device) || cannot "no device to try"
	SPARE_RULE="c ${numbers/ /:}"
	for SPARE in /dev/loop-control /dev/fuse /dev/hwrng; do
		[ "$(stat -c '%t %T' "$SPARE" 2>/dev/null)" != "$(printf '%x %x' "${numbers/ */}" "${numbers/* /}")" ] || return 0
	done
}

# One that every container may open, and vmcg keeps out of no list: its node in $KEPT.
find_kept() {
	KEPT=/dev/kvm
	[ -c "$KEPT" ] || KEPT=/dev/null
}

device() {
	vmcg device "$@"
}

# lists RULE: how often does a rule stand in what `device list` prints?
listed() {
	vmcg device list "$ID"
	grep -c "^$1 " "$T/out" || true
}

# start_opener PATH: a process that opens it in a loop; its number is in $OPENER. opener_says: ends it, prints its counts.
start_opener() {
	local in line

	mkfifo "$T/opener.${#STARTED[@]}"
	exec {in}<>"$T/opener.${#STARTED[@]}"
	"$BUILD/root/opener" "$1" >&"$in" 3>&- &
	OPENER=$!
	disown "$OPENER"
	STARTED+=("$OPENER")
	OPENER_OUT=$in
	read -r -t 10 -u "$in" line && [ "$line" = "ready $OPENER" ]
}

opener_counts_anew() {
	local line

	kill -USR1 "$OPENER"
	read -r -t 10 -u "$OPENER_OUT" line && [ "$line" = counting ]
}

opener_says() {
	local line

	kill -TERM "$OPENER"
	read -r -t 10 -u "$OPENER_OUT" line && echo "$line"
}
