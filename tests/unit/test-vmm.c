/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-vmm - hypervisors by the names of their processes and threads
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "hook/vmm.h"

#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

static void check_name(const char *what, const char *got, const char *want)
{
	if (!got != !want || (got && strcmp(got, want) != 0))
		fail_msg("%s: got %s, want %s", what, got ? got : "NULL", want ? want : "NULL");
}

static void test_processes(void **state)
{
	static const struct {
		const char *comm, *want, *with_vm; /* NULL: not recognised */
	} t[] = {
	    {"qemu-system-x86", "QEMU", "QEMU"},
	    {"qemu-kvm", "QEMU", "QEMU"},
	    {"kvm", "QEMU", "QEMU"},
	    {"kvm-nx-lpage-re", NULL, NULL},
	    {"qemu-storage-da", NULL, NULL}, /* a back-end, no hypervisor */
	    {"qemu-img", NULL, NULL},
	    {"cloud-hyperviso", "cloud-hypervisor", "cloud-hypervisor"},
	    {"firecracker", "Firecracker", "Firecracker"},
	    {"crosvm", "crosvm", "crosvm"},
	    {"krun", "libkrun", "libkrun"},
	    {"krunvm", "libkrun", "libkrun"},
	    {"[libcrun:krun]", "libkrun", "libkrun"},
	    {"dragonball", "Dragonball", "Dragonball"},
	    {"containerd-shim", NULL, "Dragonball"}, /* other runtimes' shims have that name too */
	    {"vmprocess", NULL, NULL},
	    {"sh", NULL, NULL},
	    {"", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		check_name(t[i].comm, vmm_name(t[i].comm, false), t[i].want);
		check_name(t[i].comm, vmm_name(t[i].comm, true), t[i].with_vm);
	}
	assert_null(vmm_name(NULL, true));
}

static void test_threads(void **state)
{
	static const struct {
		const char *comm;
		bool vcpu;
		const char *name;
	} t[] = {
	    {"CPU 0/KVM", true, "QEMU"},
	    {"CPU 12/TCG", true, "QEMU"},
	    {"CPU /KVM", false, NULL},
	    {"fc_vcpu 3", true, "libkrun"},
	    {"crosvm_vcpu11", true, "crosvm"},
	    {"db_vcpu0", true, "Dragonball"},
	    {"vcpu0", true, NULL},
	    {"vcpu", false, NULL},
	    {"vcpu0x", false, NULL},
	    {"kvm-nx-lpage-re", false, NULL},
	    {"IO mon_iothread", false, NULL},
	    {"", false, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		if (vmm_is_vcpu(t[i].comm) != t[i].vcpu)
			fail_msg("row %zu: %s", i, t[i].comm);
		check_name(t[i].comm, vmm_by_thread(t[i].comm), t[i].name);
	}
}

/* This process: one thread, which is called like a vCPU for a moment. */
static void test_look(void **state)
{
	struct arena a = {0};
	struct vmm v = {0};
	char name[16];

	(void)state;
	prctl(PR_GET_NAME, name);
	prctl(PR_SET_NAME, "CPU 0/KVM");
	vmm_look(&v, &a, getpid(), "some-vmm");
	prctl(PR_SET_NAME, name);
	assert_int_equal(v.vcpus, 1);
	assert_string_equal(v.name, "QEMU");
	assert_int_equal(v.threads, 1);
	assert_false(v.kvm);
	vmm_look(&v, &a, getpid(), "firecracker");
	assert_int_equal(v.vcpus, 0);
	assert_string_equal(v.name, "Firecracker");
	vmm_look(&v, &a, 1 << 22, "gone");
	assert_int_equal(v.threads, 0);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_processes),
	    cmocka_unit_test(test_threads),
	    cmocka_unit_test(test_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
