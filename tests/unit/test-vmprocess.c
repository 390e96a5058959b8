/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-vmprocess - which process is the VM, with real processes of our own
 *
 * A sleeping child stands for the container's init, a child of that for the VM, and
 * the test for vmcg. A process in a foreign group and one that holds a KVM VM need
 * more than that; the tests that run as root have them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hook/vmprocess.h"

struct fixture {
	struct arena arena;
	struct context context;
	struct oci_state state;
	struct oci_annotation annotation;
	char file[64];
	pid_t init, child;
};

#define SECRET "root:$6$salt"

static const char *acting[] = {ANNOTATION_VM_PID_FILE};

/* A process that sleeps until it is killed, and a child of it. */
static void start_family(struct fixture *x)
{
	int tell[2];

	assert_int_equal(pipe(tell), 0);
	x->init = fork();
	if (x->init == 0) {
		pid_t child = fork();

		if (child != 0 && write(tell[1], &child, sizeof(child)) != sizeof(child))
			_exit(1);
		/* The test may fail and end without a word. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	assert_int_equal(read(tell[0], &x->child, sizeof(x->child)), sizeof(x->child));
	close(tell[0]);
	close(tell[1]);
}

static int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));

	start_family(x);
	x->context.arena = &x->arena;
	x->state = (struct oci_state){.id = "c1", .pid = x->init};
	strcpy(x->file, "/tmp/vmcg-test-pid.XXXXXX");
	close(mkstemp(x->file));
	x->annotation = (struct oci_annotation){ANNOTATION_VM_PID_FILE, x->file};
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	kill(x->child, SIGKILL);
	kill(x->init, SIGKILL);
	waitpid(x->init, NULL, 0);
	unlink(x->file);
	arena_free(&x->arena);
	free(x);
	return 0;
}

static void put(const struct fixture *x, const char *text)
{
	FILE *f = fopen(x->file, "we");

	assert_true(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static int find(struct fixture *x, struct vmprocess *vm, struct error *e)
{
	return vmprocess_find(vm, &x->context, &x->state, &x->annotation, 1, e);
}

/* What is found is held: by a descriptor, and known by its start time. */
static void expect(struct fixture *x, int64_t pid, const char *why)
{
	struct vmprocess vm = {.held = PROCS_NONE};
	struct error e = {0};

	if (find(x, &vm, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(vm.held.pid, pid);
	assert_int_equal(procs_alive(&vm.held), pid != 0);
	assert_int_equal(vm.held.start != 0, pid != 0);
	if (why)
		assert_string_equal(vm.why, why);
	else
		assert_null(vm.why);
	procs_release(&vm.held);
}

/* The first free descriptor: the same before and after what leaves none open. */
static int next_descriptor(void)
{
	int fd = dup(STDIN_FILENO);

	close(fd);
	return fd;
}

static void expect_error(struct fixture *x, enum error_kind kind, const char *part)
{
	struct vmprocess vm = {.held = PROCS_NONE};
	struct error e = {0};
	int before = next_descriptor();

	assert_int_equal(find(x, &vm, &e), -1);
	assert_int_equal(e.kind, kind);
	if (!strstr(e.text, part))
		fail_msg("want %s, got %s", part, e.text);
	assert_int_equal(next_descriptor(), before);
	/* The file may be one that only root can read: not a byte of it in the message. */
	assert_null(strstr(e.text, SECRET));
}

/* Each way shadows those after it. */
static void test_order(void **state)
{
	struct fixture *x = *state;

	put(x, arena_printf(&x->arena, "%d\n", (int)x->child));
	expect(x, x->init, "state:/pid"); /* nobody let the annotation act */
	x->context.policy.annotations = (struct policy_list){acting, 1};
	expect(x, x->child, "annotation:" ANNOTATION_VM_PID_FILE);
	x->context.options.vm_pid_file = x->file;
	expect(x, x->child, "option:--vm-pid-file");
	x->context.options.vm_pid = getppid(); /* foreign to the container, and taken as it is */
	expect(x, getppid(), "option:--vm-pid");
}

static void test_no_pid_at_all(void **state)
{
	struct fixture *x = *state;

	x->state.pid = 0;
	expect(x, 0, NULL);
}

/* The VM does not run yet: poststart will look again. */
static void test_file_not_there(void **state)
{
	struct fixture *x = *state;

	unlink(x->file);
	x->context.options.vm_pid_file = x->file;
	expect(x, 0, "option:--vm-pid-file");
}

static void test_file_formats(void **state)
{
	static const char *const bad[] = {"",
					  "\n",
					  "0",
					  "-1",
					  "1x",
					  "x",
					  "1 2",
					  "0x1",
					  "4194305",
					  "99999999999999999999",
					  SECRET ":19000:0:99999:7:::\n"};
	struct fixture *x = *state;
	const char *good[] = {"%d", "%d\n", "%d \t\r\n", " %d"};

	x->context.options.vm_pid_file = x->file;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		const char *percent = strstr(good[i], "%d");

		put(x, arena_printf(&x->arena, "%.*s%d%s", (int)(percent - good[i]), good[i],
				    (int)x->child, percent + 2));
		expect(x, x->child, "option:--vm-pid-file");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		put(x, bad[i]);
		expect_error(x, ERROR_INPUT, "does not hold a process number");
	}
	x->context.options.vm_pid_file = "pid";
	expect_error(x, ERROR_INPUT, "\"pid\" is not an absolute path");
}

/* An annotation's word is not enough: without an init there is nothing to belong to. */
static void test_foreign(void **state)
{
	struct fixture *x = *state;

	put(x, arena_printf(&x->arena, "%d\n", (int)x->child));
	x->context.policy.annotations = (struct policy_list){acting, 1};
	x->state.pid = 0;
	expect_error(x, ERROR_HOST, "does not belong to the container");
}

/* What runs beside init in vmcg's own group may be any process of a shim's service. */
static void test_beside_init(void **state)
{
	struct fixture *x = *state;
	pid_t other = fork();

	if (other == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	put(x, arena_printf(&x->arena, "%d\n", (int)other));
	x->context.policy.annotations = (struct policy_list){acting, 1};
	expect_error(x, ERROR_HOST, "does not belong to the container");
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
}

/* A process that has no program is one of the kernel's; its number, or 0 where there is none. */
static int64_t find_thread_of_the_kernel(void)
{
	for (int64_t pid = 2; pid < 100; pid++) {
		struct held_process p = PROCS_NONE;
		bool is;

		if (procs_hold(&p, pid, NULL) < 0)
			continue;
		is = procs_is_kernels(pid);
		procs_release(&p);
		if (is)
			return pid;
	}
	return 0;
}

/* No VM, whoever says so: nothing of it is moved. */
static void test_refused(void **state)
{
	struct fixture *x = *state;
	const struct {
		int64_t pid;
		const char *part;
	} rows[] = {
	    {1, "the host's init"},
	    {find_thread_of_the_kernel(), "a thread of the kernel"},
	    {getpid(), "is this vmcg"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!rows[i].pid)
			continue;
		put(x, arena_printf(&x->arena, "%lld", (long long)rows[i].pid));
		x->state.pid = 0;
		x->context.options.vm_pid_file = x->file;
		expect_error(x, ERROR_HOST, rows[i].part);
		expect_error(x, ERROR_HOST, "(option:--vm-pid-file)");
		x->context.options.vm_pid = rows[i].pid;
		expect_error(x, ERROR_HOST, rows[i].part);
		expect_error(x, ERROR_HOST, "(option:--vm-pid)");
		x->context.options.vm_pid = 0;
		x->context.options.vm_pid_file = NULL;
		x->context.policy.annotations = (struct policy_list){acting, 1};
		expect_error(x, ERROR_HOST, rows[i].part);
		x->context.policy.annotations = (struct policy_list){0};
	}
	/* Nor is a KVM VM looked for below such a one. */
	x->state.pid = 1;
	expect_error(x, ERROR_HOST,
		     "is the host's init: it serves more than this VM and stays "
		     "where it is (state:/pid)");
	x->state.pid = getpid();
	expect_error(x, ERROR_HOST, "is this vmcg (state:/pid)");
}

/* Who gives the command line may name any process where the state names none. */
static void test_file_without_init(void **state)
{
	struct fixture *x = *state;

	put(x, arena_printf(&x->arena, "%d\n", (int)x->child));
	x->context.options.vm_pid_file = x->file;
	x->state.pid = 0;
	expect(x, x->child, "option:--vm-pid-file");
}

static void test_gone(void **state)
{
	struct fixture *x = *state;

	put(x, "4194304\n");
	x->context.options.vm_pid_file = x->file;
	expect_error(x, ERROR_HOST, "(option:--vm-pid-file)");
	x->context.options.vm_pid = 4194304;
	expect_error(x, ERROR_HOST, "(option:--vm-pid)");
}

#define WITH_CHILD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_CHILD(test_order),          WITH_CHILD(test_no_pid_at_all),
	    WITH_CHILD(test_file_not_there), WITH_CHILD(test_file_formats),
	    WITH_CHILD(test_foreign),        WITH_CHILD(test_beside_init),
	    WITH_CHILD(test_refused),        WITH_CHILD(test_file_without_init),
	    WITH_CHILD(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
