/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-input - documents read whole: files, pipes, what is no file, and the cap
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hook/input.h"
#include "oci/json.h"

struct fixture {
	char top[64];
	char path[128]; /* of the file the test makes */
	struct arena arena;
	struct error e;
};

static int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));

	strcpy(x->top, "/tmp/vmcg-test-input.XXXXXX");
	if (!mkdtemp(x->top))
		return -1;
	snprintf(x->path, sizeof(x->path), "%s/config.json", x->top);
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	remove(x->path);
	remove(x->top);
	arena_free(&x->arena);
	free(x);
	return 0;
}

/* A file of n bytes, the last of which is 'z'. */
static void make_file(const struct fixture *x, size_t n)
{
	int fd = open(x->path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(ftruncate(fd, (off_t)n), 0);
	if (n)
		assert_int_equal(pwrite(fd, "z", 1, (off_t)n - 1), 1);
	close(fd);
}

static void test_file(void **state)
{
	static const size_t sizes[] = {0, 1, 4095, 4096, 8191, 8192, 8193, 100000};
	struct fixture *x = *state;
	const char *bytes;
	size_t len;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		make_file(x, sizes[i]);
		assert_int_equal(input_file(&bytes, &len, x->path, &x->arena, &x->e), 0);
		assert_int_equal(len, sizes[i]);
		assert_true(len == 0 || bytes[len - 1] == 'z');
		assert_int_equal(bytes[len], '\0');
	}
}

static void test_absent(void **state)
{
	struct fixture *x = *state;
	const char *bytes = "untouched";
	size_t len;

	assert_int_equal(input_file(&bytes, &len, x->path, &x->arena, &x->e), INPUT_ABSENT);
	assert_string_equal(bytes, "untouched");
	assert_int_equal(input_config(&bytes, &len, x->top, &x->arena, &x->e), INPUT_ABSENT);
	assert_int_equal(input_proc(&bytes, &len, x->path, &x->arena), -1);
}

/* A FIFO nobody writes to must not hang, a device must not be read. */
static void test_no_regular_file(void **state)
{
	struct fixture *x = *state;
	const char *bytes;
	size_t len;

	alarm(10);
	assert_int_equal(mkfifo(x->path, 0600), 0);
	assert_int_equal(input_file(&bytes, &len, x->path, &x->arena, &x->e), -1);
	assert_int_equal(x->e.kind, ERROR_INPUT);
	assert_non_null(strstr(x->e.text, x->path));
	assert_non_null(strstr(x->e.text, "not a regular file"));
	assert_int_equal(input_config(&bytes, &len, x->top, &x->arena, &x->e), -1);
	assert_int_equal(x->e.kind, ERROR_INPUT);
	assert_int_equal(input_file(&bytes, &len, "/dev/zero", &x->arena, &x->e), -1);
	assert_int_equal(input_file(&bytes, &len, x->top, &x->arena, &x->e), -1);
	alarm(0);
}

static void test_config(void **state)
{
	struct fixture *x = *state;
	const char *bytes;
	size_t len;

	make_file(x, 3);
	assert_int_equal(input_config(&bytes, &len, x->top, &x->arena, &x->e), 0);
	assert_int_equal(len, 3);
	assert_int_equal(input_config(&bytes, &len, x->path, &x->arena, &x->e), -1);
	assert_int_equal(x->e.kind, ERROR_INPUT);
	assert_int_equal(x->e.os, ENOTDIR);
	assert_non_null(strstr(x->e.text, x->path));
	assert_int_equal(input_config(&bytes, &len, "/nowhere/at/all", &x->arena, &x->e), -1);
	assert_int_equal(x->e.os, ENOENT);
}

/* Bytes that arrive in pieces, some of them late. */
static void test_pipe(void **state)
{
	struct fixture *x = *state;
	const char *bytes;
	int fds[2], status;
	size_t len;
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 3000; i++)
			if (write(fds[1], "0123456789", 10) != 10)
				_exit(1);
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(input_read(&bytes, &len, fds[0], "state", &x->arena, &x->e), 0);
	close(fds[0]);
	assert_int_equal(len, 30000);
	assert_memory_equal(bytes + 29990, "0123456789", 11);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* State and config may share standard input: two documents fit, not a byte much more. */
static void test_cap(void **state)
{
	struct fixture *x = *state;
	const char *bytes;
	size_t len;
	int fd;

	make_file(x, 2UL * JSON_MAX_BYTES);
	assert_int_equal(input_file(&bytes, &len, x->path, &x->arena, &x->e), 0);
	assert_int_equal(len, 2UL * JSON_MAX_BYTES);
	make_file(x, 2UL * JSON_MAX_BYTES + 4097);
	assert_int_equal(input_file(&bytes, &len, x->path, &x->arena, &x->e), -1);
	assert_int_equal(x->e.kind, ERROR_INPUT);
	assert_non_null(strstr(x->e.text, "MiB"));
	fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	assert_int_equal(input_read(&bytes, &len, fd, "state", &x->arena, &x->e), -1);
	assert_int_equal(strncmp(x->e.text, "state: ", 7), 0);
	close(fd);
}

static void test_bad_descriptor(void **state)
{
	struct fixture *x = *state;
	const char *bytes;
	size_t len;

	assert_int_equal(input_read(&bytes, &len, -1, "state", &x->arena, &x->e), -1);
	assert_int_equal(x->e.kind, ERROR_INPUT);
	assert_int_equal(x->e.os, EBADF);
}

static void test_proc(void **state)
{
	struct fixture *x = *state;
	const char *bytes;
	size_t len;

	assert_int_equal(input_proc(&bytes, &len, "/proc/self/stat", &x->arena), 0);
	assert_true(len > 10 && strtol(bytes, NULL, 10) == getpid());
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FILE(test_file),           WITH_FILE(test_absent), WITH_FILE(test_no_regular_file),
	    WITH_FILE(test_config),         WITH_FILE(test_pipe),   WITH_FILE(test_cap),
	    WITH_FILE(test_bad_descriptor), WITH_FILE(test_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
