#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# show - what list and show make of the control files of each layout, number by number

load lib

teardown() { finish; }

# put HIERARCHY FILE TEXT: a control file of the target, as a kernel would have it.
put() {
	printf '%b\n' "$3" >"$Y/$CG/$1/vms/$ID/$2"
}

# usage WANT: what show prints as JSON under usage is this. Huge pages are those of the host.
usage() {
	vmcg --format json show "$ID" >"$BATS_TEST_TMPDIR/shown"
	diff -u <(jq -S . <<<"$1") <(jq -S '.usage | del(.hugetlb)' "$BATS_TEST_TMPDIR/shown")
}

# says LINE...: whole lines of what show prints as text.
says() {
	local line

	vmcg show "$ID" >"$BATS_TEST_TMPDIR/shown"
	for line; do
		grep -qxF -- "$line" "$BATS_TEST_TMPDIR/shown" || fail "no line: $line" "$(<"$BATS_TEST_TMPDIR/shown")"
	done
}

@test "unified: every number that v2 has" {
	prepare unified
	stage createRuntime
	put . memory.current 412094464
	put . memory.peak 498073600
	put . memory.high 419430400
	put . memory.low 0
	put . memory.min 1048576
	put . memory.stat 'anon 380633088\nfile 31461376\nkernel 4096'
	put . memory.swap.current 2147483648
	put . memory.swap.peak 3221225472
	put . memory.swap.high max
	put . memory.events 'low 1\nhigh 2\nmax 12\noom 3\noom_kill 1\noom_group_kill 0'
	put . cpu.stat 'usage_usec 4805000000\nuser_usec 4800000000\nsystem_usec 5000000\nnr_periods 40122\nnr_throttled 37\nthrottled_usec 1204331'
	put . cpuset.cpus.effective 0
	put . cpuset.mems.effective 0
	put . pids.current 9
	put . pids.peak 11
	put . pids.events 'max 4'
	put . io.stat '8:0 rbytes=73400320 wbytes=9437184 rios=1822 wios=1 dbytes=0 dios=0\n9999:9 rbytes=0 wbytes=0 rios=0 wios=0 dbytes=0 dios=0'
	for resource in cpu memory io; do
		put . $resource.pressure 'some avg10=1.05 avg60=0.31 avg300=0.12 total=1530221\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7'
	done
	stall='{"some": {"avg10": 1.05, "avg60": 0.31, "avg300": 0.12, "total_usec": 1530221},
		"full": {"avg10": 0, "avg60": 0, "avg300": 0, "total_usec": 7}}'
	vmcg --format json show c1 >"$BATS_TEST_TMPDIR/named"
	# Whether the host of this test has such a device is nothing to the numbers.
	name=$(jq '.usage.io.devices[0].name // empty | {name: .}' "$BATS_TEST_TMPDIR/named")
	usage '{
		"memory": {"current": 412094464, "peak": 498073600, "max": 536870912, "high": 419430400,
			"low": 0, "min": 1048576, "anon": 380633088, "file": 31461376},
		"swap": {"current": 2147483648, "peak": 3221225472, "max": 536870912, "high": null},
		"memory_events": {"low": 1, "high": 2, "max": 12, "oom": 3, "oom_kill": 1},
		"cpu": {"usage_usec": 4805000000, "user_usec": 4800000000, "system_usec": 5000000,
			"quota_usec": 50000, "period_usec": 100000, "weight": 59,
			"periods": 40122, "throttled": 37, "throttled_usec": 1204331},
		"pids": {"current": 9, "peak": 11, "max": 100, "refused": 4},
		"io": {"weight": 910, "devices": [
			'"$(jq -c --argjson name "${name:-{\}}" '. + $name' <<<'{"device": "8:0", "read_bytes": 73400320, "write_bytes": 9437184,
				"discard_bytes": 0, "read_ops": 1822, "write_ops": 1, "discard_ops": 0, "read_bps_max": 1048576}')"',
			{"device": "9999:9", "read_bytes": 0, "write_bytes": 0, "discard_bytes": 0,
				"read_ops": 0, "write_ops": 0, "discard_ops": 0}]},
		"cpuset": {"cpus": "0", "mems": "0"},
		"pressure": {"cpu": '"$stall"', "memory": '"$stall"', "io": '"$stall"'}}'
	says '  memory          393 MiB of 512 MiB (77 %), peak 475 MiB' \
		'                  363 MiB anonymous, 30 MiB of files' \
		'  swap            2 GiB of 512 MiB (400 %), peak 3 GiB' \
		'  high            400 MiB' '  min             1 MiB' \
		'  events          limit hit 12 times, above high 2 times, reclaimed below low 1 time, out of memory 3 times, 1 OOM kill' \
		'  CPU time        1 h 20 min (user 1 h 20 min, system 5 s)' \
		'  CPU quota       0.5 CPUs (50 ms every 100 ms)' \
		'  throttled       in 37 of 40122 periods, for 1.2 s' \
		'  CPU weight      59' '  CPUs            0, memory nodes 0' \
		'  tasks           9 of 100, peak 11, 4 refused' '  I/O weight      910' \
		'  I/O             9999:9: read 0 B (0 times), written 0 B (0 times)' \
		'pressure' \
		'                       10 s    60 s    300 s   in all' \
		'  CPU, some waited     1.05 %  0.31 %  0.12 %  1.5 s' \
		'  I/O, all waited      0.00 %  0.00 %  0.00 %  7 us'
	run ! grep -q '^  low ' "$BATS_TEST_TMPDIR/shown"
	vmcg --format json list |
		jq -e '.[0] | .memory == {current: 412094464, max: 536870912} and .cpu == {usage_usec: 4805000000}'
	[[ $(vmcg list) = *"c1 "*" 393 MiB/512 MiB  1 h 20 min  /vms/c1" ]]
	stage poststop
}

@test "legacy: the same members from v1's files, where it has them" {
	prepare legacy
	stage createRuntime
	put memory memory.usage_in_bytes 412094464
	put memory memory.max_usage_in_bytes 498073600
	put memory memory.soft_limit_in_bytes 9223372036854771712
	put memory memory.stat 'cache 1\nrss 2\ntotal_cache 31461376\ntotal_rss 380633088\ntotal_swap 4096'
	put memory memory.memsw.usage_in_bytes 412098560
	put memory memory.memsw.max_usage_in_bytes 498077696
	put memory memory.failcnt 7
	put memory memory.oom_control 'oom_kill_disable 1\nunder_oom 1\noom_kill 2'
	put cpu cpu.stat 'nr_periods 40\nnr_throttled 3\nthrottled_time 2500000000'
	put cpu cpu.cfs_period_us 100000
	put pids pids.current 9
	usage '{
		"memory": {"current": 412094464, "peak": 498073600, "max": 536870912, "soft": null,
			"anon": 380633088, "file": 31461376},
		"swap": {"current": 4096},
		"memory_swap": {"current": 412098560, "peak": 498077696, "max": 1073741824},
		"memory_events": {"max": 7, "oom_kill": 2, "under_oom": 1},
		"cpu": {"quota_usec": 50000, "period_usec": 100000, "shares": 512,
			"periods": 40, "throttled": 3, "throttled_usec": 2500000},
		"pids": {"current": 9, "max": 100}}'
	says '  memory          393 MiB of 512 MiB (77 %), peak 475 MiB' '  swap            4 KiB' \
		'  memory+swap     393 MiB of 1 GiB (38 %), peak 475 MiB' \
		'  events          limit hit 7 times, 2 OOM kills, waiting for memory now' \
		'  throttled       in 3 of 40 periods, for 2.5 s' '  CPU shares      512' \
		'  tasks           9 of 100'
	run ! grep -qE '^  (soft limit|CPU time|pressure|I/O)' "$BATS_TEST_TMPDIR/shown"
	# No cpuacct in this yard: no time, and the column says so.
	vmcg --format json list | jq -e '.[0] | .memory == {current: 412094464, max: 536870912} and (has("cpu") | not)'
	[[ $(vmcg list) = *"c1 "*" 393 MiB/512 MiB  -    /vms/c1" ]]
	stage poststop
}

@test "hybrid: memory of v1, time and pressure of the v2 tree" {
	prepare hybrid
	stage createRuntime
	put memory memory.usage_in_bytes 1024
	put unified cpu.stat 'usage_usec 90\nuser_usec 60\nsystem_usec 30'
	put unified cpu.pressure 'some avg10=0.00 avg60=0.00 avg300=0.00 total=1'
	vmcg --format json show c1 | jq -e '.layout == "hybrid" and (.usage | .memory.current == 1024
		and .cpu == {usage_usec: 90, user_usec: 60, system_usec: 30}
		and .pressure == {cpu: {some: {avg10: 0, avg60: 0, avg300: 0, total_usec: 1}}})'
	[[ $(vmcg list) = *" 1 KiB/512 MiB  90 us  /vms/c1" ]]
	stage poststop
}

@test "what the kernel made of a value is no difference, what somebody else did is" {
	prepare unified
	stage createRuntime
	differing() { vmcg --format json show c1 | jq -c '[.settings[] | select(.differs).file] | sort'; }
	put . memory.high 419430400 # 400M
	expect "$(differing)" '[]'
	put . cpu.max '40000 100000'
	put . io.max '8:0 rbps=1048576 wbps=5 riops=max wiops=max'
	expect "$(differing)" '["cpu.max"]'
	put . io.max '8:0 rbps=2 wbps=5 riops=max wiops=max'
	rm "$Y/$CG/vms/c1/pids.max"
	expect "$(differing)" '["cpu.max","io.max","pids.max"]'
	vmcg show c1 >"$BATS_TEST_TMPDIR/shown"
	grep -qE '^  io\.max +8:0 rbps=1048576 +now 8:0 rbps=2 wbps=5 riops=max wiops=max \(differs\) +/linux' "$BATS_TEST_TMPDIR/shown"
	grep -qE '^  pids\.max +100 +now not there +/linux' "$BATS_TEST_TMPDIR/shown"
	stage poststop
}

@test "adopt: says whose the group is" {
	prepare adopted
	stage createRuntime
	says '  mode            adopt: the runtime made the group, vmcg tunes it and leaves it' \
		"  VM process      $VM sleep, running, 1 thread" "  $VM  sleep  (the VM process)"
	stage poststop
}
