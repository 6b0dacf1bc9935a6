// What VisualVM's heap library reads in a dump, as lines of words between tabs.
//
//     java -cp JAR Hprof.java FILE ADDRESS...
//
// Of each class its name, instances and bytes; of each address the bytes of the object, what it retains as the library says, and how
// many arrays and others would be lost with it, found by walking from the roots; of each thread its calls.

import java.io.File;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.graalvm.visualvm.lib.jfluid.heap.FieldValue;
import org.graalvm.visualvm.lib.jfluid.heap.GCRoot;
import org.graalvm.visualvm.lib.jfluid.heap.Heap;
import org.graalvm.visualvm.lib.jfluid.heap.HeapFactory;
import org.graalvm.visualvm.lib.jfluid.heap.Instance;
import org.graalvm.visualvm.lib.jfluid.heap.JavaClass;
import org.graalvm.visualvm.lib.jfluid.heap.ObjectArrayInstance;
import org.graalvm.visualvm.lib.jfluid.heap.ObjectFieldValue;
import org.graalvm.visualvm.lib.jfluid.heap.ThreadObjectGCRoot;

public class Hprof {
    private static final List<Instance> roots = new ArrayList<>();

    public static void main(String[] words) throws Exception {
        Heap heap = HeapFactory.createHeap(new File(words[0]));
        line("total", heap.getSummary().getTotalLiveInstances(), heap.getSummary().getTotalLiveBytes());
        for (JavaClass type : heap.getAllClasses()) {
            if (type.getInstancesCount() > 0) {
                line("class", type.getName(), type.getInstancesCount(), type.getAllInstancesSize(), type.isArray());
            }
            for (FieldValue field : type.getStaticFieldValues()) {
                if (field instanceof ObjectFieldValue) {
                    add(roots, ((ObjectFieldValue) field).getInstance());
                }
                if (!field.getField().getName().equals("<classLoader>")) {
                    line("static", type.getName(), field.getField().getName());
                }
            }
        }
        for (GCRoot root : heap.getGCRoots()) {
            add(roots, root.getInstance());
            if (root instanceof ThreadObjectGCRoot) {
                StackTraceElement[] calls = ((ThreadObjectGCRoot) root).getStackTrace();
                String told = calls == null ? "" : Arrays.stream(calls).map(Object::toString).collect(Collectors.joining(" < "));
                line("thread", root.getInstance().getInstanceId(), told);
            }
        }
        Set<Long> all = reached(null, new HashSet<>());
        for (String address : Arrays.asList(words).subList(1, words.length)) {
            Instance object = find(heap, Long.parseUnsignedLong(address));
            if (object == null) {
                line("object", address, "none");
                continue;
            }
            Set<Long> rest = reached(object, new HashSet<>());
            long arrays = 0;
            long bytes = 0;
            for (long id : all) {
                if (!rest.contains(id)) {
                    Instance lost = heap.getInstanceByID(id);
                    arrays += lost.getJavaClass().isArray() ? 1 : 0;
                    bytes += lost.getSize();
                }
            }
            line("object", address, object.getJavaClass().getName(), object.getSize(), object.getRetainedSize(), arrays,
                    all.size() - rest.size() - arrays, bytes);
        }
    }

    /** The object at an address: arrays of references have a small number above it. */
    private static Instance find(Heap heap, long address) {
        for (long above = 0; above < 4; above++) {
            Instance found = heap.getInstanceByID(address + (above << 48));
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    private static Set<Long> reached(Instance without, Set<Long> seen) {
        ArrayDeque<Instance> open = new ArrayDeque<>();
        for (Instance root : roots) {
            visit(root, without, seen, open);
        }
        while (!open.isEmpty()) {
            Instance object = open.pop();
            if (object instanceof ObjectArrayInstance) {
                for (Instance element : ((ObjectArrayInstance) object).getValues()) {
                    visit(element, without, seen, open);
                }
            }
            for (FieldValue field : object.getFieldValues()) {
                if (field instanceof ObjectFieldValue) {
                    visit(((ObjectFieldValue) field).getInstance(), without, seen, open);
                }
            }
        }
        return seen;
    }

    private static void visit(Instance object, Instance without, Set<Long> seen, ArrayDeque<Instance> open) {
        if (object == null || without != null && object.getInstanceId() == without.getInstanceId()) {
            return;
        }
        if (!object.getJavaClass().getName().equals("java.lang.Class") && seen.add(object.getInstanceId())) {
            open.push(object);
        }
    }

    private static void add(List<Instance> list, Instance object) {
        if (object != null) {
            list.add(object);
        }
    }

    private static void line(Object... words) {
        System.out.println(Arrays.stream(words).map(word -> word.toString().replace('\t', ' ').replace('\n', ' '))
                .collect(Collectors.joining("\t")));
    }
}
