// The firmware's use of the reloadable half in C++. SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include "half.hpp"

#define SHOW(expression) printf("%s: %d\n", #expression, (int)(expression))

extern "C" void objects_show()
{
    SHOW(limit);
    SHOW(half_limit());
    SHOW(limit);
    SHOW(counter()++);
    SHOW(half_counts());
    SHOW(counter());
    SHOW(twice(21));
    Shape shape;
    Shape *made = &shape;
    SHOW(made->area());
    SHOW(made->edges());
    SHOW(make_local_shape()->area());
    SHOW(make_task()->run(2));
    SHOW(make_lambda()(2));
    SHOW(make_inline()(2));
    deep::Box<int> box(2);
    SHOW(deep::half_boxes());
    SHOW(deep::Box<int>::made);
    SHOW(deep::constructed());
}

// Objects of the module's classes, in memory of the firmware.
alignas(8) static char kept[64];
static int (*kept_lambda)(int);
static int (*kept_inline)(int);

extern "C" void objects_keep()
{
    memcpy(kept, static_cast<void *>(make_local_shape()), sizeof(Shape));
    memcpy(kept + 32, static_cast<void *>(make_task()), sizeof(Task));
    kept_lambda = make_lambda();
    kept_inline = make_inline();
}

extern "C" void objects_use()
{
    auto *shape = reinterpret_cast<Shape *>(kept);
    auto *task = reinterpret_cast<Task *>(kept + 32);
    printf("kept objects: %d %d %d %d %d\n", shape->area(), shape->edges(), task->run(2),
                kept_lambda(2), kept_inline(2));
}

extern "C" void objects_call_inline()
{
    SHOW(twice(21));
}
