using MiniGpt.Tensors;

namespace MiniGpt.Model.Lessons;

/// <summary>
/// Rows of letters in which a random sequence comes again and again. How long it is, is random as well, so that no fixed distance leads back: what
/// comes next can only be known by finding where the present letter was before.
/// </summary>
internal static class RepeatedRows
{
    public const int Letters = 16;
    public const int Length = 24;

    private const int LeastPeriod = 6;
    private const int MostPeriod = 12;

    /// <summary>Rows of random letters. What is to be predicted begins with the second round.</summary>
    public static LessonRows Draw(ulong seed, RandomPurpose purpose, int step, int count)
    {
        int[] ids = new int[count * Length], targets = new int[count * Length];
        for (int row = 0; row < count; row++)
        {
            RandomStream random = new(seed, purpose, (ulong)step, (ulong)row);
            int period = LeastPeriod + random.Below(0, MostPeriod - LeastPeriod + 1);
            int[] round = [.. Enumerable.Range(0, Letters).OrderBy(letter => random.Uniform((ulong)letter + 1)).Take(period)];
            Fill(round, ids.AsSpan(row * Length, Length), targets.AsSpan(row * Length, Length));
        }
        return new LessonRows(ids, targets, Length);
    }

    /// <summary>One row of a given round.</summary>
    public static LessonRows Of(int[] round)
    {
        int[] ids = new int[Length], targets = new int[Length];
        Fill(round, ids, targets);
        return new LessonRows(ids, targets, Length);
    }

    /// <summary>For each place the one after the last time that its letter was there; −1 where it was not.</summary>
    public static int[] AfterLast(ReadOnlySpan<int> row)
    {
        int[] places = new int[row.Length];
        for (int place = 0; place < row.Length; place++)
            places[place] = row[..place].LastIndexOf(row[place]) is >= 0 and int before ? before + 1 : -1;
        return places;
    }

    private static void Fill(int[] round, Span<int> ids, Span<int> targets)
    {
        for (int place = 0; place < Length; place++)
        {
            ids[place] = round[place % round.Length];
            targets[place] = place < round.Length ? LessonRows.Nothing : round[(place + 1) % round.Length];
        }
    }
}
