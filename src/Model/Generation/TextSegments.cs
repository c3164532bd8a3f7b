using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Generation;

/// <summary>The segments of a text that an encoder reads (Devlin et al. 2019): two sentences with the token between them that ends each, [SEP].</summary>
public static class TextSegments
{
    /// <summary>The segment of each token: 0 up to the first token that ends a sentence, 1 behind it, where another sentence follows.</summary>
    /// <param name="ids">A whole text, with what stands round it.</param>
    /// <param name="ends">What stands round a text.</param>
    /// <param name="segments">How many segments the model knows.</param>
    /// <returns>As many numbers as ids; none where the model knows no segments.</returns>
    public static int[] Of(IReadOnlyList<int> ids, TextEnds ends, int segments)
    {
        if (segments == 0)
            return [];
        int[] of = new int[ids.Count];
        if (segments == 1 || ends.Behind is not [.., int end])
            return of;
        int first = ids.TakeWhile(id => id != end).Count() + 1;
        for (int place = first; place < of.Length; place++)
            of[place] = 1;
        return of;
    }
}
