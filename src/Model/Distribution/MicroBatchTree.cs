namespace MiniGpt.Model.Distribution;

/// <summary>Micro-batches of a step that follow each other: a node of the tree, or what a rank has to do.</summary>
/// <param name="First">The first one.</param>
/// <param name="End">The one behind the last.</param>
internal readonly record struct MicroBatches(int First, int End)
{
    /// <summary>How many there are.</summary>
    public int Count => End - First;

    /// <summary>The first half, the larger one of an odd number.</summary>
    public MicroBatches Left => new(First, First + (Count + 1) / 2);

    /// <summary>The other half.</summary>
    public MicroBatches Right => new(First + (Count + 1) / 2, End);
}

/// <summary>
/// The binary tree along which the gradients of a step's micro-batches are added: each half by itself, then the two. It is a function of
/// their number alone, whoever computes which of them, and so is every bit of the sum.
/// </summary>
internal static class MicroBatchTree
{
    /// <summary>The micro-batches of a rank: a whole subtree where that divides the work evenly, else some that follow each other.</summary>
    /// <param name="count">The micro-batches of a step.</param>
    /// <param name="rank">The rank.</param>
    /// <param name="ranks">How many ranks there are, at most as many as micro-batches.</param>
    public static MicroBatches ShareOf(int count, int rank, int ranks)
    {
        MicroBatches all = new(0, count);
        int fair = (count + ranks - 1) / ranks;
        if (LargestSubtree(all, ranks) <= fair)
            return Subtree(all, rank, ranks);
        return new((int)((long)count * rank / ranks), (int)((long)count * (rank + 1) / ranks));
    }

    /// <summary>The largest whole subtrees that some micro-batches are made of, in their order.</summary>
    /// <param name="count">The micro-batches of a step.</param>
    /// <param name="share">The micro-batches.</param>
    public static IReadOnlyList<MicroBatches> Roots(int count, MicroBatches share)
    {
        List<MicroBatches> roots = [];
        Add(new(0, count));
        return roots;

        void Add(MicroBatches node)
        {
            if (node.End <= share.First || node.First >= share.End)
                return;
            if (node.First >= share.First && node.End <= share.End)
            {
                roots.Add(node);
                return;
            }
            Add(node.Left);
            Add(node.Right);
        }
    }

    /// <summary>How many sums are completed by a micro-batch: those of the nodes in a subtree whose last one it is.</summary>
    /// <param name="root">The subtree.</param>
    /// <param name="microBatch">The micro-batch.</param>
    public static int SumsCompletedBy(MicroBatches root, int microBatch)
    {
        int sums = 0;
        for (MicroBatches node = root; node.Count > 1;)
        {
            sums = node.End == microBatch + 1 ? sums + 1 : 0;
            node = microBatch < node.Left.End ? node.Left : node.Right;
        }
        return sums;
    }

    /// <summary>The most sums that wait for their other half at a time, where subtrees are gone through one after the other and their sums kept.</summary>
    /// <param name="roots">The subtrees.</param>
    public static int MostKept(IReadOnlyList<MicroBatches> roots)
    {
        // The nodes of a level have one of two sizes.
        Dictionary<int, int> known = new() { [1] = 0 };
        return roots.Select((root, index) => index + Within(root.Count)).Max();

        int Within(int count)
        {
            if (!known.TryGetValue(count, out int most))
                known[count] = most = Math.Max(Within((count + 1) / 2), 1 + Within(count / 2));
            return most;
        }
    }

    private static MicroBatches Subtree(MicroBatches node, int rank, int ranks)
    {
        if (ranks == 1)
            return node;
        int left = (ranks + 1) / 2;
        return rank < left ? Subtree(node.Left, rank, left) : Subtree(node.Right, rank - left, ranks - left);
    }

    private static int LargestSubtree(MicroBatches node, int ranks)
    {
        if (ranks == 1)
            return node.Count;
        if (node.Count < ranks || node.Right.Count < ranks / 2)
            return int.MaxValue;
        return Math.Max(LargestSubtree(node.Left, (ranks + 1) / 2), LargestSubtree(node.Right, ranks / 2));
    }
}
