# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
#
# layers - what kind of file each hook/*.c is: sourced by lint and by fuzz/run
#
# Every hook/*.c is in exactly one of three lists. Pure: arguments in, values out; no
# descriptor, clock or environment. Effect: each the only one that does its kind of
# thing. Frame: argv, stages, commands.
pure=(asked cgpath procfs facts facts_json facts_text convert policy target unitname hypervisor grant compose
	planner cpu cpuset memory pids blkio hugetlb rdma network unified plan plan_text devrules
	devprog devlist quirks readback record record_read record_merge plugs moves below undo_value
	unitprop unitplan unitplan_limits unitplan_cpu unitplan_io unitplan_devices unitdiff
	gc_verdict drift devdrift unitdrift wish human columns usage usage_table vmm)
effect=(apply change changelog devnode freezer unit_change step_check step_devices step_group
	step_place step_unit step_write undo undo_files undo_processes undo_unit drain cgroupfs
	cgroupfs_mark devfilter devfilter_list devfilter_program devfilter_check check_group
	check_process check_value check_unit
	bpf bpfset others procs host host_cgroups host_files host_mounts sysfile input store log vmprocess
	setup_facts gc_look fault yard sandbox sandbox_rules sandbox_gen systemd systemd_call systemd_connect
	systemd_error systemd_job systemd_library systemd_message usage_read vmm_read)
frame=(main cli bus setup setup_run plan_command precreate poststart teardown replan inspect inspect_life list
	show show_text show_json show_usage
	add update device check gc features)
