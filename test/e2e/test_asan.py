"""test/asan.c, which every program of the sanitizer build has: leaks are still found, and nothing else is taken for one. What
the C library's functions overwrite is found too."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static char big[1 << 22];                       /* pages that do not exist until they are written to */
static void **initialised = (void **)(big + 1); /* in .data */
static void *zero;                              /* in .bss */
static volatile void *lost;

int main(int argc, char **argv)
{
    const char *where = argc > 1 ? argv[1] : "";

    if (strcmp(where, "data") == 0)
        initialised = malloc(11);
    if (strcmp(where, "bss") == 0)
        zero = malloc(12);
    if (strcmp(where, "middle") == 0)
        *(void **)(big + (1 << 21)) = malloc(13);
    if (strcmp(where, "indirect") == 0) {
        initialised = malloc(sizeof(void *));
        *initialised = malloc(14);
    }
    if (strcmp(where, "library") == 0) { /* only a global variable of libjansson has it */
        void *function = malloc(15);
        json_set_alloc_funcs((json_malloc_t)function, free);
    }
    if (strcmp(where, "lost") == 0) {
        lost = malloc(16);
        lost = NULL;
    }
    if (strcmp(where, "lost_again") == 0) {
        zero = malloc(17);
        *(void **)(big + (1 << 21)) = zero;
        zero = NULL;
        *(void **)(big + (1 << 21)) = NULL;
    }
    if (strcmp(where, "strcpy") == 0) {
        char *volatile small = malloc(18);
        strcpy(small, "eighteen characters");
        free(small);
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("leaks")
    (folder / "leaks.c").write_text(PROGRAM)
    subprocess.run(["clang", "-D_GNU_SOURCE", "-O0", "-fsanitize=address,undefined", "-no-pie", "leaks.c", ROOT / "test/asan.c",
                    "-ljansson", "-o", "leaks"], cwd=folder, check=True)
    return folder / "leaks"


def run(program, where):
    done = subprocess.run([program, where], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("where", ["data", "bss", "middle", "indirect", "library"])
def test_what_a_global_variable_leads_to_is_not_lost(program, where):
    assert run(program, where) == (0, "")


@pytest.mark.parametrize(("where", "size"), [("lost", 16), ("lost_again", 17)])
def test_what_nothing_leads_to_is_reported(program, where, size):
    status, said = run(program, where)
    assert status != 0 and f"Direct leak of {size} byte(s) in 1 object(s)" in said, said


def test_what_a_function_of_the_c_library_overwrites_is_reported(program):
    status, said = run(program, "strcpy")
    assert status != 0 and "heap-buffer-overflow" in said and "0 bytes to the right of 18-byte region" in said, said
