using System.Globalization;
using System.Text;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Lessons;

/// <summary>
/// How a text becomes tokens: four ways to cut a sentence and what they cost, byte pairs learned merge by merge, and Japanese, which has no
/// spaces to cut at.
/// </summary>
internal static class TokensLesson
{
    private const int Bytes = 256;
    private const int Merges = 9;
    private const int SentenceVocabulary = 1024;
    private const int NovelVocabulary = 512;
    private const int Width = 64;
    private const int FruitPieces = 18;
    private const int ShownWays = 3;
    private const string Plums = "すもももももももものうち";

    private static readonly (string Word, int Count)[] s_words = [("walk", 6), ("walked", 4), ("walking", 3), ("talk", 5), ("talked", 2), ("talking", 2)];
    private static readonly string[] s_unseen = ["walks", "balked", "talking", "barking"];
    private static readonly int[] s_fruitMerges = [0, 2, 4, 5, 6, 8, 10];
    private static readonly string[] s_grammar = ["すもも", "も", "もも", "も", "もも", "の", "うち"];
    private static readonly string[] s_cuts = ["characters", "words", "sub-words", "bytes"];

    public static LessonResult Run(LessonInputs inputs)
    {
        using LessonBoard board = new();
        bool isJapanese = inputs.Language == Language.Japanese;
        if (isJapanese)
            ShowCuts(board, TokenTexts.Novel, "吾輩はその人間というものを知らぬ。", NovelVocabulary);
        else
            ShowCuts(board, File.ReadAllText(inputs.CorpusPath), "Is the smallest kingdom unbreakable?", SentenceVocabulary);
        ShowMerges(board);
        ShowPlums(board);
        return board.Result;
    }

    /// <summary>One sentence, cut in four ways with what was learned from a text.</summary>
    private static void ShowCuts(LessonBoard board, string text, string sentence, int vocabularySize)
    {
        BytePairTrainer trainer = new();
        trainer.Add(Encoding.UTF8.GetBytes(text));
        BytePairTokenizer tokenizer = trainer.Train(vocabularySize);
        HashSet<string> words = [.. text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)];
        int[] ids = tokenizer.Encode(sentence);
        string[][] cuts =
        [
            [.. sentence.EnumerateRunes().Select(character => character.ToString())],
            sentence.Split(' '),
            [.. ids.Select(tokenizer.TokenText)],
            [.. Encoding.UTF8.GetBytes(sentence).Select(value => value.ToString("X2", CultureInfo.InvariantCulture))],
        ];
        double[] sizes = [text.EnumerateRunes().Distinct().Count(), words.Count, tokenizer.VocabularySize, Bytes];
        // What no vocabulary of words has stands out.
        board.ShowPieces("cuts", s_cuts, [.. cuts.SelectMany((cut, row) => cut.Select(piece =>
            new LessonPiece(row, piece) { IsMarked = row == 1 && !words.Contains(piece) }))]);
        board.Show("costs", StageKind.Table, s_cuts, ["tokens", "vocabulary", "embedding", "scores"],
            [.. cuts.Zip(sizes, (cut, size) => (double[])[cut.Length, size, size * Width, (double)cut.Length * cut.Length]).SelectMany(row => row)]);
        board.Check("comes-back", [tokenizer.Decode(ids) == sentence ? 0 : 1], tolerance: 0);
    }

    /// <summary>Merges of a few words, on paper and by the trainer.</summary>
    private static void ShowMerges(LessonBoard board)
    {
        BytePairTrainer trainer = new();
        foreach ((string word, int count) in s_words)
        {
            for (int i = 0; i < count; i++)
                trainer.Add(Encoding.UTF8.GetBytes(word));
        }
        BytePairTokenizer tokenizer = trainer.Train(Bytes + Merges);
        WrittenOutMerges paper = new(s_words);
        List<(string Left, string Right, int Count)> merges = [];
        List<LessonPiece> pieces = [.. Cut(0, joined: "")];
        for (int step = 1; step <= Merges; step++)
        {
            merges.Add(paper.Step());
            pieces.AddRange(Cut(step, merges[^1].Left + merges[^1].Right));
        }
        LessonSlider slider = new("merges", [.. Enumerable.Range(0, Merges + 1).Select(step => $"{step}")], Start: 3);
        board.ShowPieces("learning", [.. s_words.Select(word => $"{word.Word} ×{word.Count}")], pieces, slider);
        board.Show("merges", StageKind.Bars, ["count"], [.. merges.Select((merge, step) => $"{step + 1}. {merge.Left} + {merge.Right}")],
            [.. merges.Select(merge => (double)merge.Count)]);
        board.ShowPieces("unseen", s_unseen, [.. s_unseen.SelectMany((word, row) => tokenizer.Encode(word).Select(id => new LessonPiece(row, tokenizer.TokenText(id))))]);

        board.Check("merges", tokenizer.Merges.Zip(merges, (merge, written) =>
            tokenizer.TokenText(merge.Left) == written.Left && tokenizer.TokenText(merge.Right) == written.Right ? 0.0 : 1), tolerance: 0);
        board.Check("words", s_words.Zip(paper.Words, (word, cut) => tokenizer.Encode(word.Word).Select(tokenizer.TokenText).SequenceEqual(cut) ? 0.0 : 1), tolerance: 0);

        IEnumerable<LessonPiece> Cut(int frame, string joined) => paper.Words.SelectMany((word, row) =>
            word.Select(piece => new LessonPiece(row, piece) { Frame = frame, IsMarked = piece == joined }));
    }

    /// <summary>A sentence without spaces in characters, byte pairs, and by a lattice of pieces.</summary>
    private static void ShowPlums(LessonBoard board)
    {
        BytePairTrainer pairs = new();
        UnigramTrainer unigram = new();
        foreach (string word in TokenTexts.Fruit.Split(' '))
        {
            pairs.Add(Encoding.UTF8.GetBytes(word));
            unigram.Add(Encoding.UTF8.GetBytes(word), isFinalBlock: true);
        }
        int firstPiece = Bytes + 1; // behind the unknown token
        UnigramTokenizer lattice = unigram.Train(firstPiece + FruitPieces);
        string[] letters = [.. Plums.Select(letter => $"{letter}")], best = [.. lattice.Encode(Plums).Select(lattice.TokenText)];
        List<LessonPiece> cuts = [];
        foreach ((int frame, int merges) in s_fruitMerges.Index())
        {
            BytePairTokenizer tokenizer = pairs.Train(Bytes + merges);
            string[][] rows = [letters, [.. tokenizer.Encode(Plums).Select(tokenizer.TokenText)], best];
            cuts.AddRange(rows.SelectMany((cut, row) => cut.Select(piece => new LessonPiece(row, piece) { Frame = frame })));
        }
        board.ShowPieces("plums", ["characters", "byte-pairs", "unigram"], cuts,
            new LessonSlider("plums", [.. s_fruitMerges.Select(merges => $"{merges}")], Start: 2));

        Dictionary<string, double> scores = Enumerable.Range(firstPiece, lattice.VocabularySize - firstPiece).ToDictionary(lattice.TokenText, id => lattice.Scores[id]);
        WrittenOutLattice written = new(Plums, scores);
        IReadOnlyList<(string[] Pieces, double Score)> ways = written.Ways();
        HashSet<(int, string)> path = [.. best.Select((piece, i) => (best.Take(i).Sum(before => before.Length), piece))];
        board.Show(new LessonStage("lattice", StageKind.Lattice, [Plums], [], [])
        {
            Pieces = [.. written.Fitting.Select(fit => new LessonPiece(0, fit.Piece)
            {
                Start = fit.Start,
                Score = scores[fit.Piece],
                IsMarked = path.Contains(fit),
            })],
        });
        double all = ways.Sum(way => Math.Exp(way.Score));
        int grammar = ways.Index().Single(way => way.Item.Pieces.SequenceEqual(s_grammar)).Index;
        board.ShowPieces("ways", [.. ways.Take(ShownWays).Select((way, row) => string.Create(CultureInfo.InvariantCulture, $"{row + 1}. {Math.Exp(way.Score) / all:P1}"))],
            [.. ways.Take(ShownWays).SelectMany((way, row) => way.Pieces.Select(piece => new LessonPiece(row, piece) { IsMarked = row == grammar }))]);
        board.Check("best", [ways[0].Pieces.SequenceEqual(best) ? 0 : 1], tolerance: 0);
        // もも three times, or twice with も twice: which is likelier does not depend on the rest.
        board.Check("grammar", [ways[0].Score - ways[grammar].Score - (scores["もも"] - 2 * scores["も"])], LessonBoard.Rounding);
    }
}
