using System.Globalization;
using System.Text;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Bench.EndToEnd;

/// <summary>What bench/EndToEnd/race-translation needs beside two programs that translate: the same ids for both, text of ids, and one judge.</summary>
internal static class TranslationRace
{
    private const string Usage = """
        translation ids RUN PAIRS.tsv     the ids of sentence pairs with the tokenizer of a run: a line a pair, a tab between its sides
        translation text RUN FILE.ids     the text of ids, a line each
        translation score PAIRS.tsv FILE  BLEU of the lines of a file against the second column, tokens as they stand
        """;

    public static int Run(string[] arguments)
    {
        switch (arguments)
        {
            case ["ids", string run, string pairs]:
                WriteIds(run, pairs);
                return 0;
            case ["text", string run, string file]:
                WriteText(Tokenizer(run), file);
                return 0;
            case ["score", string pairs, string file]:
                BleuScore bleu = TranslationScores.Bleu(File.ReadAllLines(file), [.. Read(pairs).Select(pair => pair.Target)], BleuTokenizer.None);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{bleu.Score:F2}"));
                return 0;
            default:
                Console.Error.WriteLine(Usage);
                return 2;
        }
    }

    private static ITokenizer Tokenizer(string run)
    {
        using ModelFile file = ModelFile.Open(run);
        return file.Tokenizer ?? throw new ArgumentException($"{run} has no tokenizer");
    }

    private static List<PairLine> Read(string path)
    {
        using TextCorpus corpus = TextCorpus.Open([path]);
        return PairReader.Read(corpus);
    }

    private static void WriteIds(string run, string path)
    {
        using ModelFile file = ModelFile.Open(run);
        (ITokenizer source, ITokenizer target) = (file.SourceTokenizer!, file.Tokenizer!);
        using StreamWriter output = new(Console.OpenStandardOutput());
        foreach (PairLine pair in Read(path))
            output.Write($"{string.Join(' ', source.Encode(pair.Source))}\t{string.Join(' ', target.Encode(pair.Target))}\n");
    }

    private static void WriteText(ITokenizer tokenizer, string path)
    {
        using StreamWriter output = new(Console.OpenStandardOutput(), new UTF8Encoding(false));
        foreach (string line in File.ReadLines(path))
        {
            int[] ids = [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
            output.Write($"{tokenizer.Decode(ids)}\n");
        }
    }
}
