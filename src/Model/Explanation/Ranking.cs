using System.Numerics;

namespace MiniGpt.Model.Explanation;

/// <summary>The greatest of many numbers.</summary>
internal static class Ranking
{
    /// <summary>The indices of the greatest numbers, greatest first; of equal ones, those that come first.</summary>
    public static int[] Greatest<T>(ReadOnlySpan<T> numbers, int count)
        where T : unmanaged, INumber<T>
    {
        PriorityQueue<int, (T, int)> kept = new();
        for (int i = 0; i < numbers.Length; i++)
        {
            if (kept.Count < count)
                kept.Enqueue(i, (numbers[i], -i));
            else if (kept.TryPeek(out _, out (T Least, int) priority) && numbers[i] > priority.Least)
                kept.DequeueEnqueue(i, (numbers[i], -i));
        }
        int[] indices = new int[kept.Count];
        for (int place = indices.Length - 1; place >= 0; place--)
            indices[place] = kept.Dequeue();
        return indices;
    }

    /// <summary>The place of one of the numbers among all, from 1: how many are greater, and one more.</summary>
    public static int RankOf(ReadOnlySpan<float> numbers, int index)
    {
        int greater = 0;
        foreach (float number in numbers)
            greater += number > numbers[index] ? 1 : 0;
        return greater + 1;
    }
}
