using System.Text;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Explanation;

/// <summary>A tokenizer as a page takes it along: of characters, or a byte-pair encoding that cuts words as GPT-2 does.</summary>
/// <param name="Kind">"char" or "bpe".</param>
/// <param name="Tokens">The bytes of each token, each written as the character of that number.</param>
/// <param name="Merges">Of byte pairs: left, right, result, left, right, result, …, in the order in which they are applied.</param>
/// <param name="SpecialIds">The tokens that are found in a text as a whole.</param>
/// <param name="Composes">Whether characters are put together with their accents first.</param>
/// <param name="IgnoresMerges">Whether a piece that is a token is that token, whatever merges would make of it.</param>
public sealed record LiveTokenizer(string Kind, string[] Tokens, int[] Merges, int[] SpecialIds, bool Composes, bool IgnoresMerges)
{
    /// <summary>What a page can do; null where it cannot do what this tokenizer does.</summary>
    internal static LiveTokenizer? Of(ITokenizer tokenizer) => tokenizer switch
    {
        CharacterTokenizer => new(tokenizer.Kind, TokensOf(tokenizer), [], [], Composes: false, IgnoresMerges: false),
        BytePairTokenizer { Options: { AddsPrefixSpace: false, UnusedIds.Count: 0 } options } pairs when options.PreTokenizer == PreTokenizer.Gpt2 => new(
            tokenizer.Kind, TokensOf(tokenizer), [.. pairs.Merges.SelectMany(merge => new[] { merge.Left, merge.Right, merge.Result })],
            [.. pairs.SpecialIds], options.Composes, options.IgnoresMerges),
        _ => null,
    };

    private static string[] TokensOf(ITokenizer tokenizer) =>
        [.. Enumerable.Range(0, tokenizer.VocabularySize).Select(id => Encoding.Latin1.GetString(tokenizer.TokenBytes(id)))];
}
