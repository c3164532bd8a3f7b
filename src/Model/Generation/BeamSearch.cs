using System.Numerics;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Generation;

/// <summary>
/// The search for one translation: some beginnings, the beams, which at each step are replaced by the best of all that go on with one of them;
/// those that end are put aside. With one beam it takes the likeliest token each time, and ends with the first end.
/// </summary>
internal sealed class BeamSearch
{
    private readonly SearchOptions _options;
    private readonly TranslationMarkIds _marks;
    private readonly int _most;
    private readonly List<ScoredTranslation> _ended = [];
    private readonly List<Step> _candidates = [];
    private readonly List<SearchCandidate[]>? _steps;
    private List<Beam> _beams;

    /// <param name="options">How it is looked for.</param>
    /// <param name="most">The tokens of a translation at most, the one that ends it included.</param>
    /// <param name="marks">The ids round a translation.</param>
    /// <param name="steps">Takes what each step had to choose from; null where nobody looks.</param>
    public BeamSearch(SearchOptions options, int most, TranslationMarkIds marks, List<SearchCandidate[]>? steps = null)
    {
        (_options, _most, _marks, _steps) = (options, most, marks, steps);
        _beams = [new Beam([], 0, 0)]; // the others would be the same
    }

    /// <summary>Whether no better translation can be found.</summary>
    public bool IsDone { get; private set; }

    /// <summary>The last token of a beam.</summary>
    public int Last(int beam) => beam < _beams.Count && _beams[beam].Ids is [.., int last] ? last : _marks.Begin;

    /// <summary>The beam of the step before that a beam goes on with.</summary>
    public int From(int beam) => beam < _beams.Count ? _beams[beam].From : 0;

    /// <summary>Takes a step.</summary>
    /// <param name="logits">[beams, V]: of the next token of each beam.</param>
    public void GoOn<T>(Tensor<T> logits)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Of twice as many as there are beams, at most half end a translation: enough go on.
        FindCandidates(logits, 2 * _options.Beams);
        List<Beam> next = [];
        var fates = new CandidateFate[_candidates.Count];
        for (int rank = 0; rank < _candidates.Count && next.Count < _options.Beams; rank++)
        {
            (double sum, int from, int id) = _candidates[rank];
            if (id != _marks.End)
            {
                next.Add(new Beam([.. _beams[from].Ids, id], sum, from));
                fates[rank] = CandidateFate.Kept;
            }
            else if (rank < _options.Beams)
            {
                _ended.Add(new ScoredTranslation(_beams[from].Ids, Score(sum, _beams[from].Ids.Length + 1), IsComplete: true));
                fates[rank] = CandidateFate.Ended;
            }
        }
        _steps?.Add([.. _candidates.Select((step, rank) =>
            new SearchCandidate(step.Beam, step.Id, step.Sum, Score(step.Sum, _beams[step.Beam].Ids.Length + 1), fates[rank]))]);
        _beams = next;
        int length = _beams.Count > 0 ? _beams[0].Ids.Length : _most;
        if (length >= _most)
        {
            _ended.AddRange(_beams.Select(beam => new ScoredTranslation(beam.Ids, Score(beam.Sum, length), IsComplete: false)));
            IsDone = true;
            return;
        }
        IsDone = _ended.Count >= _options.Beams
            && (_options.Beams == 1 || _ended.Select(ended => ended.Score).OrderDescending().ElementAt(_options.Beams - 1) >= Score(_beams[0].Sum, length));
    }

    /// <summary>What was found, the best first.</summary>
    public IReadOnlyList<ScoredTranslation> Best() => [.. _ended.OrderByDescending(ended => ended.Score).Take(_options.Beams)];

    private double Score(double sum, int length) => sum / Math.Pow(length, _options.LengthPenalty);

    private void FindCandidates<T>(Tensor<T> logits, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        _candidates.Clear();
        for (int beam = 0; beam < _beams.Count; beam++)
        {
            ReadOnlySpan<T> row = logits.Slice(0, beam, 1).Span;
            double offset = _beams[beam].Sum - LogSumExp.Of(row, _marks.Padding);
            for (int id = 0; id < row.Length; id++)
            {
                double sum = offset + double.CreateChecked(row[id]);
                if (id == _marks.Padding || (_candidates.Count == count && !(sum > _candidates[^1].Sum)))
                    continue;
                int place = _candidates.Count;
                while (place > 0 && sum > _candidates[place - 1].Sum)
                    place--;
                _candidates.Insert(place, new Step(sum, beam, id));
                if (_candidates.Count > count)
                    _candidates.RemoveAt(count);
            }
        }
    }

    private readonly record struct Step(double Sum, int Beam, int Id);

    private sealed record Beam(int[] Ids, double Sum, int From);
}
